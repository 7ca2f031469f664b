// Command line of the Graph simulator. Prints `ready <url>` when it serves; SIGTERM and SIGINT end it with 0.
import { parseArgs } from 'node:util';
import { startSimulator } from './server.ts';

const usage = `A Microsoft Graph on loopback that speaks the protocol of long-running operations, and can misbehave.

  npm run simulator -- [options]

  --port N     port to listen on, 0 for any free one (default 7080)
  --token T    the only bearer token that is accepted (default: no token is needed)
  --seed N     seed of order, jitter, probabilities and made-up ids (default 1)
  --latency N  milliseconds that each of Graph's answers is held back (default 0)
  --keep N     how many requests and notifications the control API shows (default 1000)
  --help       this text

Control it under /_control: see docs/simulator.md.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '7080' },
      token: { type: 'string' },
      seed: { type: 'string', default: '1' },
      latency: { type: 'string', default: '0' },
      keep: { type: 'string', default: '1000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const simulator = await startSimulator({
    port: wholeNumber('port', values.port),
    seed: wholeNumber('seed', values.seed),
    keepRequests: wholeNumber('keep', values.keep),
    latencyMs: wholeNumber('latency', values.latency),
    ...(values.token === undefined ? {} : { token: values.token }),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Not once: npm hands on a Ctrl-C that the terminal has sent to all, and the second one must not kill.
    process.on(signal, () => void simulator.stop().then(() => process.exit(0)));
  }
  process.stdout.write(`ready ${simulator.url}\n`);
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new RangeError(`--${name} must be a whole number`);
  }
  return Number(text);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
