// One case in a simulated Graph of its own: a schema PATCH begins the operation, and each GET that arrives finds the next
// answer.
import type { Simulator } from '../../dev/simulator/server.ts';
import type { Answer, ConformanceCase } from './cases.ts';

/** What began the operation, as its caller got it. */
export type Begun = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly requestUrl: string;
  /** The address that the answer named. */
  readonly operationUrl: string;
};

export type GraphCase = {
  readonly begun: Begun;
  /** Sets what the next GET is answered. To be called before each poll. */
  readonly prepare: () => void;
  readonly gets: () => number;
  /** What the last GET was answered. */
  readonly lastAnswer: () => Answer;
};

const connection = 'contosohr';
const graphsError = { message: 'The schema could not be registered.' };

export async function beginGraphCase(
  { control, url }: Simulator,
  { header, answers }: ConformanceCase,
): Promise<GraphCase> {
  control.addConnection({ id: connection });
  control.setBirth('connectionOperation', [{ afterMs: 0, status: 'inprogress' }]);
  control.addFault({ fault: 'location', header });
  const begun = await patchSchema(`${url}/v1.0/external/connections/${connection}/schema`);
  const path = new URL(begun.operationUrl).pathname.replace('/v1.0', '');
  const getsBefore = control.stats().items;
  let preparedGet = -1;
  return { begun, prepare, gets, lastAnswer: () => answerAt(gets() - 1) };

  async function patchSchema(requestUrl: string): Promise<Begun> {
    const response = await fetch(requestUrl, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ baseType: 'microsoft.graph.externalItem', properties: [] }),
    });
    const headers = Object.fromEntries(response.headers);
    return { status: response.status, headers, requestUrl, operationUrl: response.headers.get(header) ?? '' };
  }

  function gets(): number {
    return control.stats().items - getsBefore;
  }

  function prepare(): void {
    // A poll that asked for nothing leaves its answer to the next one.
    if (preparedGet === gets()) return;
    preparedGet = gets();
    const answer = answerAt(preparedGet);
    if (answer === 404) control.remove(path);
    else if (typeof answer === 'number') failOnce(answer);
    else say(answer);
  }

  /** Whoever asks again within the same poll finds what comes after the failure. */
  function failOnce(status: number): void {
    control.addFault({ fault: 'status', status, times: 1, where: { path: connection } });
    const next = answerAt(preparedGet + 1);
    if (typeof next === 'string') say(next);
  }

  function say(status: string): void {
    control.setStatus({ path, status, ...(status === 'failed' ? { error: graphsError } : {}) });
  }

  function answerAt(get: number): Answer {
    return answers[Math.min(Math.max(0, get), answers.length - 1)] ?? '';
  }
}
