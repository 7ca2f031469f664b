// What a check says. A check takes the root folder of a repository, so that a test can plant a violation in a copy.

export type Outcome = {
  /** Each a line or a tool's whole report; none means that the check passed. */
  readonly problems: readonly string[];
  /** What was looked at, in a few words: a check that saw nothing must not look like one that found nothing. */
  readonly seen: string;
};

export type Check = (root: string) => Promise<Outcome>;
