// How many requests are under way together. What is under way at a refusal is refused with it, so it begins with few,
// takes one more with each round of answers, and halves them at a refusal.

export type RequestWindow = {
  readonly size: () => number;
  /** A request was answered; refused: Graph asked to be left alone. */
  readonly settle: (isRefused: boolean) => void;
};

const firstSize = 4;

export function createRequestWindow(): RequestWindow {
  let size = firstSize;
  let answered = 0;
  return { size: () => size, settle };

  function settle(isRefused: boolean): void {
    answered = isRefused ? 0 : answered + 1;
    if (isRefused) size = Math.max(firstSize, Math.floor(size / 2));
    if (answered < size) return;
    size += 1;
    answered = 0;
  }
}
