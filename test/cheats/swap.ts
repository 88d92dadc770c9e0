/**
 * Loaded before the program by `node --import`: whoever imports the module that the variant replaces gets the variant.
 * The variant itself gets the original. Says on standard error that it happened.
 */
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { VARIANTS, type VariantName } from './variants.ts'

const SWAPPED = 'test variant'
const name = process.env['ADIT_TEST_VARIANT'] ?? ''
if (!(name in VARIANTS)) throw new Error(`ADIT_TEST_VARIANT: there is no variant '${name}'`)
const variant = VARIANTS[name as VariantName]
const original = pathToFileURL(join(import.meta.dirname, '../..', variant.replaces)).href
const replacement = pathToFileURL(join(import.meta.dirname, 'variants', variant.by)).href

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    if (resolved.url !== original || context.parentURL === replacement) return resolved
    process.stderr.write(`${SWAPPED} ${name}: ${variant.replaces}\n`)
    return { ...resolved, url: replacement }
  },
})
