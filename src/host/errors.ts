/** Codes of this folder's errors. */
export const HOST_ERRORS = {
  'host-command-missing': 'A program that Adit drives is not installed.',
  'host-command-failed': 'A program that Adit drives refused: its own words are in the message.',
  'host-command-timeout': 'A program that Adit drives did not end in time.',
  'host-output': 'A program that Adit drives printed something that was not expected.',
  'host-name': 'A name or value that would go into a rule is not of the allowed form.',
  'host-journal-in-use': 'The journal belongs to a process that is still running.',
  'host-journal-damaged': 'The journal holds a line that is not ours.',
  'host-journal-elsewhere': 'The journal describes another network namespace that still exists.',
  'host-occupied': 'What Adit wanted to set is already there and belongs to somebody else.',
  'host-no-uplink': 'There is no default route to the internet.',
  'host-no-resolver': 'No upstream resolver is configured on this host.',
} as const

export type HostErrorCode = keyof typeof HOST_ERRORS
