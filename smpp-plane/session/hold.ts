/** Why nothing is read of a link; a bit set. */
export const Hold = {
  /** The window of the other side is full. */
  WINDOW: 1,
  /** The other side reads slowly. */
  SLOW_PEER: 2,
  /** This peer itself does not read what it is sent. */
  OWN_OUTPUT: 4,
  /** The peer sends faster than it may. */
  RATE: 8,
} as const;
