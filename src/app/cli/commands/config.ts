/** `adit config`: write, show, explain and check the configuration. */
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { AditError } from '#base/errors.ts'
import { writeFileAtomically } from '../../config/files.ts'
import { allFields, checkConfig, readConfigFile } from '../../config/load.ts'
import { configurationPage, explainKey, initialConfig, showConfig } from '../../config/render.ts'
import { openContext, withCommonOptions, type CommonOptions } from '../context.ts'
import { EXIT } from '../errors.ts'

export function registerConfig(program: Command): void {
  const config = program.command('config').description('the configuration: write, show, explain, check')
  withCommonOptions(config.command('init'))
    .description('write a file with every key, commented out at its default')
    .option('--force', 'replace the file that is there')
    .action(init)
  withCommonOptions(config.command('show')).description('what holds now, and where it comes from').action(show)
  withCommonOptions(config.command('explain').argument('[key]', 'such as provider.region; none: all'))
    .description('purpose, allowed values, default and example')
    .action(explain)
  withCommonOptions(config.command('check')).description('check the file; one line for each mistake').action(check)
  withCommonOptions(config.command('page')).description('print docs/configuration.md').action(page)
}

function init(options: CommonOptions & { readonly force?: boolean }): void {
  const { paths, out } = openContext(options)
  const { configFile } = paths
  if (options.force !== true && existsSync(configFile)) {
    throw new AditError('config-exists', `configuration: ${configFile} exists already`, {
      remedy: '`adit config show` prints what holds; --force replaces the file',
    })
  }
  writeFileAtomically(configFile, initialConfig(), 0o644)
  out.result({ file: configFile }, () => out.line(`wrote ${configFile}`))
}

function show(options: CommonOptions): void {
  const context = openContext(options)
  const { settings } = context.loaded()
  const values = settings.map(({ key, source, origin }) => ({ key, value: source ?? null, origin }))
  context.out.result(
    { file: context.paths.configFile, stateDir: context.paths.stateDir, runDir: context.paths.runDir, values },
    () => {
      const { configFile, stateDir, runDir } = context.paths
      context.out.line(`# file ${configFile}, state ${stateDir}, run ${runDir}`)
      context.out.line(showConfig(settings))
    },
  )
}

function explain(key: string | undefined, options: CommonOptions): void {
  const { out } = openContext(options)
  const keys = key === undefined ? [...allFields().keys()] : [key]
  const fields = keys.map((name) => {
    const field = allFields().get(name)?.field
    if (field === undefined) {
      throw new AditError('config-key-unknown', `configuration: there is no key ${JSON.stringify(name)}`, {
        remedy: '`adit config explain` lists all',
      })
    }
    const { purpose, allowed, fallback, example } = field
    return { key: name, purpose, allowed, default: fallback ?? null, example }
  })
  out.result({ keys: fields }, () => out.line(keys.map((name) => explainKey(name) ?? '').join('\n\n')))
}

function check(options: CommonOptions): void {
  const context = openContext(options)
  const source = context.configSource()
  const { problems } = checkConfig(readConfigFile(source), source.overrides)
  context.out.result({ ok: problems.length === 0, problems }, () => {
    for (const problem of problems) context.out.line(problem.message)
    if (problems.length === 0)
      context.out.line(existsSync(source.file) ? `${source.file}: good` : `${source.file}: no such file; defaults hold`)
  })
  if (problems.length > 0) process.exitCode = EXIT.usage
}

function page(options: CommonOptions): void {
  const { out } = openContext(options)
  const text = configurationPage()
  out.result({ page: text }, () => out.line(text.trimEnd()))
}
