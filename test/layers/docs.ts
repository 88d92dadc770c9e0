/** References in the documents: relative links with their anchors, and paths in backticks, must exist. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

export interface References {
  readonly files: number
  readonly checked: number
  readonly findings: string[]
}

export function brokenReferences(root: string): References {
  const files = globSync(['*.md', 'docs/**/*.md', 'src/**/*.md', 'test/**/*.md', 'contracts/*.md'], {
    cwd: root,
    exclude: ['**/node_modules/**'],
  })
  const findings: string[] = []
  let checked = 0
  for (const file of files) {
    const text = withoutCodeBlocks(readFileSync(join(root, file), 'utf8'))
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      checked++
      const problem = brokenLink(join(root, file), target)
      if (problem !== undefined) findings.push(`${file}: link to ${target}: ${problem}`)
    }
    for (const [, path = ''] of text.matchAll(REPOSITORY_PATH)) {
      checked++
      if (!existsSync(join(root, path))) findings.push(`${file}: names \`${path}\`, which does not exist`)
    }
  }
  return { files: files.length, checked, findings }
}

function brokenLink(from: string, target: string): string | undefined {
  const [path, anchor] = target.split('#', 2) as [string, string?]
  const file = path === '' ? from : resolve(dirname(from), decodeURIComponent(path))
  if (!existsSync(file)) return `${relative(process.cwd(), file)} does not exist`
  if (anchor === undefined || !statSync(file).isFile() || !file.endsWith('.md')) return undefined
  const headings = withoutCodeBlocks(readFileSync(file, 'utf8')).matchAll(/^#+ +(.+)$/gm)
  const anchors = [...headings].map(([, heading = '']) => anchorOf(heading))
  return anchors.includes(anchor) ? undefined : `no heading #${anchor}`
}

/** As GitHub makes them: lower case, punctuation dropped, blanks to hyphens. */
function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-')
}

function withoutCodeBlocks(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '')
}

/** `src/packet/engine/types.ts` and the like; patterns, placeholders and files made at run time are not references. */
const REPOSITORY_PATH = /`((?:src|test|script|docs|contracts|bench|bin)\/[\w./-]+\.(?:ts|sol|md|sh|cjs|json))`/g
