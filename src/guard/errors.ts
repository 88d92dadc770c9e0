/** Codes of this folder's errors. */
export const GUARD_ERRORS = {
  'guard-option': 'An option or a state of the guard is outside its range.',
  'guard-transition': 'A transition failed; the rules that block everything are in force.',
  'guard-adopted': 'A daemon ended without disconnecting; its rules are still in force and block.',
} as const
