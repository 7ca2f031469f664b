// The words of the bench's operations, as far as those who watch them have to know them.

/** What every operation says when its watching begins, as whoever began it was told: it is no news. */
export const firstWord = 'unspecified';

export function isEnd(status: unknown): boolean {
  return status === 'completed' || status === 'failed';
}
