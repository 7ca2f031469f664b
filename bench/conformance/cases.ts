// The eleven cases in which generic pollers go wrong on Graph operations: what Graph answers to one GET after the other,
// and how the watch has to end. Graph answers an operation that runs with 200 and a status in its body.

/** A status word in a 200, or an HTTP status without one; 404 stays, as what is gone is gone. */
export type Answer = string | 404 | 500 | 503;

/** How a watch ends; `waits`: it goes on. */
export type Ending = 'succeeded' | 'failed' | 'lost' | 'error' | 'waits';

export type ConformanceCase = {
  readonly number: number;
  /** In which header of the 202 the operation's address stands. */
  readonly header: 'Location' | 'Operation-Location';
  /** The last one holds from then on. */
  readonly answers: readonly Answer[];
  readonly right: Ending;
};

/** How a poller that has a word in its vocabulary ends; others wait on, and both are right. */
export const foreignWord = 'succeeded';

export const conformanceCases: readonly ConformanceCase[] = [
  { number: 1, header: 'Location', answers: [...threeTimes('inprogress'), 'completed'], right: 'succeeded' },
  { number: 2, header: 'Location', answers: [...threeTimes('inprogress'), 'failed'], right: 'failed' },
  {
    number: 3,
    header: 'Operation-Location',
    answers: [...threeTimes('inprogress'), 'completed'],
    right: 'succeeded',
  },
  {
    number: 4,
    header: 'Operation-Location',
    answers: [...threeTimes('inprogress'), 'failed'],
    right: 'failed',
  },
  {
    number: 5,
    header: 'Operation-Location',
    answers: [...threeTimes('inprogress'), foreignWord],
    right: 'succeeded',
  },
  { number: 6, header: 'Location', answers: ['inprogress', 'completed'], right: 'succeeded' },
  { number: 7, header: 'Location', answers: ['inprogress', 'failed'], right: 'failed' },
  { number: 8, header: 'Location', answers: ['unspecified', 'inprogress', 'completed'], right: 'succeeded' },
  { number: 9, header: 'Location', answers: ['inprogress', 404], right: 'lost' },
  { number: 10, header: 'Location', answers: ['inprogress', 503, 'completed'], right: 'succeeded' },
  { number: 11, header: 'Location', answers: ['inprogress', 500, 'completed'], right: 'succeeded' },
];

/** What a poller did with a case. */
export type Outcome = {
  readonly ending: Ending;
  /** What Graph said last of the operation when the watch ended, or was given up. */
  readonly lastAnswer: Answer;
  readonly gets: number;
  /** What the poller says of it beside the ending: Graph's error, evidence, a word. */
  readonly remark: string | null;
};

/** An ending is right when Graph had come to it: who says "succeeded" of an operation that runs is wrong by luck or not. */
export function isRight({ right, answers }: ConformanceCase, { ending, lastAnswer }: Outcome): boolean {
  if (lastAnswer !== answers.at(-1)) return false;
  return ending === right || (lastAnswer === foreignWord && ending === 'waits');
}

function threeTimes(word: string): readonly string[] {
  return [word, word, word];
}
