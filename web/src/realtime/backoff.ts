const FIRST_MS = 400;
const LONGEST_MS = 15_000;

/** Full jitter: a thousand pages that lost the same server do not come back in the same instant. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
