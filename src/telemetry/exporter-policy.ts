// The last look at what leaves for Application Insights: redacted once more, whoever wrote it, and without the envelope
// that describes the machine, which the SDK adds to every export of spans (640 bytes that no query of ours reads).
import { redactText } from './redact.ts';

type Request = { body?: unknown };

/** As the SDK's pipeline takes it, by shape. */
export type ExporterPolicy = {
  readonly name: string;
  readonly sendRequest: <T extends Request, R>(request: T, next: (request: T) => Promise<R>) => Promise<R>;
};

type Envelope = {
  readonly data?: {
    readonly baseType?: string;
    readonly baseData?: { readonly metrics?: readonly { readonly name?: string }[] };
  };
};

const machineMetric = '_OTELRESOURCE_';

/** @param onMetricsSent told when a request carries metrics, whatever becomes of it. */
export function createExporterPolicy(onMetricsSent: () => void): ExporterPolicy {
  return {
    name: 'opwatchRedaction',
    sendRequest(request, next) {
      const envelopes = envelopesOf(request.body).filter((envelope) => !isOfMachine(envelope));
      if (envelopes.some(({ data }) => data?.baseType === 'MetricData')) onMetricsSent();
      request.body = JSON.stringify(envelopes, (_name, value: unknown) =>
        typeof value === 'string' ? redactText(value) : value,
      );
      return next(request);
    },
  };
}

/** @throws SyntaxError for a body of another form: then nothing is sent, rather than something unread. */
function envelopesOf(body: unknown): readonly Envelope[] {
  if (typeof body !== 'string') throw new TypeError('Telemetry must be sent as JSON text.');
  const parsed = JSON.parse(body) as Envelope | readonly Envelope[];
  return Array.isArray(parsed) ? (parsed as readonly Envelope[]) : [parsed as Envelope];
}

function isOfMachine({ data }: Envelope): boolean {
  return data?.baseData?.metrics?.[0]?.name === machineMetric;
}
