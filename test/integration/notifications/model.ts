// What a watched operation must become, in a page: the model that the app with its store is held against. It knows the
// contract and nothing of how it is kept.

export const words = ['notStarted', 'running', 'mystery', 'completed', 'failed'] as const;
export type Word = (typeof words)[number];

export type OperationModel = {
  readonly path: string;
  readonly key: string;
  /** What Graph shows now. */
  shows: Word;
  /** Null until somebody tracks it. */
  generation: number | null;
  sequence: number;
  state: string;
  status: Word | null;
  /** Once notifications of its call come, sweeps read it rarely. */
  isAnnounced: boolean;
  /** Its events over all generations: place, what it was, what it is, who saw it. */
  readonly events: string[];
};

const ranks: Readonly<Record<Word, number>> = {
  notStarted: 0,
  running: 1,
  mystery: 2,
  completed: 3,
  failed: 3,
};
const ends: Readonly<Partial<Record<Word, string>>> = { completed: 'succeeded', failed: 'failed' };

export function newOperation(at: { readonly path: string; readonly key: string }): OperationModel {
  return {
    ...at,
    shows: 'notStarted',
    generation: null,
    sequence: 0,
    state: 'pending',
    status: null,
    isAnnounced: false,
    events: [],
  };
}

export function hasEnded({ state }: OperationModel): boolean {
  return ['succeeded', 'failed', 'cancelled'].includes(state);
}

export function isLive(operation: OperationModel): boolean {
  return operation.generation !== null && !hasEnded(operation);
}

export function begin(operation: OperationModel, generation: number): void {
  Object.assign(operation, { generation, sequence: 0, state: 'pending', status: null });
}

/** Forward only, and a word that is there already is no news. */
export function see(operation: OperationModel, word: Word, by: 'poll' | 'push'): void {
  const { status } = operation;
  if (!isLive(operation) || word === status || (status !== null && ranks[word] < ranks[status])) return;
  change(operation, { state: ends[word] ?? 'running', status: word, by });
}

export function cancel(operation: OperationModel): void {
  if (isLive(operation)) change(operation, { state: 'cancelled', status: operation.status, by: 'caller' });
}

function change(
  operation: OperationModel,
  { state, status, by }: { readonly state: string; readonly status: Word | null; readonly by: string },
): void {
  const was = operation.sequence === 0 ? 'nothing' : `${operation.state} ${operation.status}`;
  operation.sequence += 1;
  operation.events.push(`${operation.generation}-${operation.sequence} ${was} → ${state} ${status} by ${by}`);
  Object.assign(operation, { state, status });
}
