/** Error numbers of Linux (asm-generic: x86-64 and arm64 alike) that we tell apart. */
export const ERRNO = {
  perm: 1,
  intr: 4,
  io: 5,
  again: 11,
  badf: 9,
  access: 13,
  busy: 16,
  inval: 22,
  addressInUse: 98,
  msgSize: 90,
  noBufs: 105,
} as const
