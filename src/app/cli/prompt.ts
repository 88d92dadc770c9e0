/** Asks at the terminal without showing what is typed. */
import { AditError } from '#base/errors.ts'

/** Throws `interrupted` on Ctrl-C. */
export function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(question)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  stdin.resume()
  return new Promise((resolve, reject) => {
    let answer = ''
    const finish = (): void => {
      stdin.off('data', onData)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
    }
    const onData = (chunk: string): void => {
      for (const character of chunk) {
        if (character === '\r' || character === '\n') {
          finish()
          resolve(answer)
          return
        }
        if (character === '\u0003') {
          finish()
          reject(new AditError('interrupted', 'interrupted'))
          return
        }
        if (character === '\u007f' || character === '\b') answer = answer.slice(0, -1)
        else answer += character
      }
    }
    stdin.on('data', onData)
  })
}

/** A new passphrase, typed twice. */
export async function askNewPassphrase(): Promise<string> {
  const first = await askHidden('New passphrase (at least 8 characters; it cannot be recovered): ')
  const second = await askHidden('Again: ')
  if (first === second) return first
  throw new AditError('passphrase-mismatch', 'passphrase: the two were not the same', {
    remedy: 'run the command again',
  })
}
