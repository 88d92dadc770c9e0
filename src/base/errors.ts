/**
 * An error with a stable code, what happened, why, and what to do. The CLI prints the three lines; `--json` prints the
 * fields. Messages carry no secrets and no raw network text.
 */
export class AditError extends Error {
  readonly code: string
  readonly remedy: string
  readonly fields: Readonly<Record<string, string | number | boolean>>

  constructor(
    code: string,
    message: string,
    options: { remedy?: string; fields?: Record<string, string | number | boolean>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AditError'
    this.code = code
    this.remedy = options.remedy ?? ''
    this.fields = options.fields ?? {}
  }
}
