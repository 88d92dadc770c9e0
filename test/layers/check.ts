/**
 * Holds the code to `layers.ts`: dependency-cruiser with rules made from the table. Two ways in which such a check can
 * pass without having looked are closed: it fails when it cruised fewer modules than there are files, and each run
 * plants violations in a tree of its own and must see them. Then the links of the documents (`docs.ts`).
 */
import { globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise, type ICruiseResult, type IForbiddenRuleType, type IModule } from 'dependency-cruiser'
import { LAYERS, type Layer } from '../../layers.ts'
import { brokenReferences } from './docs.ts'

const ROOT = join(import.meta.dirname, '../..')
/** What tests may import beyond their folder's row: the runner, and fast-check. */
const TEST_PACKAGES = ['fast-check']

const TEST = '\\.test\\.ts$'
const PACKAGE = 'node_modules/'
const OUTSIDE = { path: '^(?!src/)', pathNot: PACKAGE, dependencyTypesNot: ['core'], couldNotResolve: false }
const COMMON_RULES: IForbiddenRuleType[] = [
  rule('src imports nothing outside src', { path: '^src/' }, OUTSIDE),
  rule('the import leads nowhere', { path: '^src/' }, { couldNotResolve: true }),
]

const layers = await layerFindings(ROOT)
const planted = await plantedFindings()
const references = brokenReferences(ROOT)
for (const finding of [...layers.findings, ...references.findings]) console.log(finding)
for (const missed of planted) console.log(`the check is blind: a planted ${missed} was not reported`)
const failures = layers.findings.length + planted.length + references.findings.length
console.log(
  `layers: ${layers.modules} modules in ${LAYERS.length} layers, planted violations ${planted.length === 0 ? 'seen' : 'MISSED'}; ` +
    `docs: ${references.checked} references in ${references.files} files; ${failures === 0 ? 'all hold' : `${failures} do not hold`}`,
)
process.exitCode = failures === 0 ? 0 : 1

async function layerFindings(root: string): Promise<{ modules: number; findings: string[] }> {
  const files = globSync('src/**/*.ts', { cwd: root })
  const { output } = await cruise(['src'], {
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: LAYERS.flatMap(rulesOf).concat(COMMON_RULES) },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import', 'types'] },
  })
  const result = output as ICruiseResult
  const modules = result.modules.filter(({ source }) => source.startsWith('src/'))
  const findings = result.summary.violations.map(({ rule, from, to }) => `${from}: ${rule.name}: ${to}`)
  if (modules.length < files.length) findings.push(`cruised ${modules.length} modules of ${files.length} files`)
  findings.push(...modules.filter(standsNowhere).map(({ source }) => `${source}: its folder stands in no layer`))
  return { modules: modules.length, findings }
}

function rulesOf(layer: Layer): IForbiddenRuleType[] {
  const from = { path: `^src/${layer.folder}/` }
  const code = { ...from, pathNot: TEST }
  const tests = { path: `^src/${layer.folder}/.*${TEST}` }
  const mayImport = [layer.folder, ...layer.imports].map((folder) => `^src/${folder}/`)
  const packages = layer.packages.map((name) => `node_modules/${name}/`)
  const testPackages = [
    ...packages,
    ...TEST_PACKAGES.map((name) => `node_modules/${name}/`),
    'node_modules/@types/node/',
  ]
  const rules: IForbiddenRuleType[] = [
    rule(`${layer.folder} may not import this folder`, from, { path: '^src/', pathNot: mayImport }),
    rule(`${layer.folder} may not import this package`, code, { path: PACKAGE, pathNot: packages }),
    rule(`tests of ${layer.folder} may not import this package`, tests, { path: PACKAGE, pathNot: testPackages }),
  ]
  if (!layer.node) rules.push(rule(`${layer.folder} is sans-IO`, code, { dependencyTypes: ['core'] }))
  return rules
}

function rule(name: string, from: IForbiddenRuleType['from'], to: object): IForbiddenRuleType {
  return { name, severity: 'error', from, to }
}

function standsNowhere({ source }: IModule): boolean {
  return !LAYERS.some(({ folder }) => source.startsWith(`src/${folder}/`))
}

/** Makes a small tree with one violation of each kind; returns the kinds that the check did not see. */
async function plantedFindings(): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'adit-layers-'))
  try {
    const files: Record<string, string> = {
      'package.json': JSON.stringify({ type: 'module', imports: { '#payment/*': './src/payment/*' } }),
      'src/payment/chain/client.ts': 'export const client = 1\n',
      'src/packet/wire/planted.ts': [
        "import { readFileSync } from 'node:fs'",
        "import type { Client } from 'viem'",
        "import { client } from '#payment/chain/client.ts'",
        'export const planted = [readFileSync, client] as unknown as Client',
      ].join('\n'),
      'src/nowhere/planted.ts': 'export const nowhere = 1\n',
    }
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), content)
    }
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
    const { findings } = await layerFindings(root)
    const kinds = ['may not import this folder', 'may not import this package', 'is sans-IO', 'stands in no layer']
    return kinds.filter((kind) => !findings.some((finding) => finding.includes(kind)))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
