// The other ways in which a notification is known, or feared, to be written.
import { type Casing, recase } from '../scripts.ts';
import type { Notification } from './notifications.ts';
import type { Form } from './push-switches.ts';

type Reform = (notification: Notification, origin: string) => Notification;

const reforms: Readonly<Record<Form, Reform>> = {
  upperDashless: (notification) => {
    const { resource, resourceUrl } = notification;
    const addressed = { ...notification, resource: dashless(resource), resourceUrl: dashless(resourceUrl) };
    return withData(addressed, (data) => ({
      ...data,
      '@odata.id': dashless(data['@odata.id']),
      id: dashless(data['id']),
    }));
  },
  noId: (notification) => withData(notification, (data) => ({ ...data, id: undefined })),
  appRoot: (notification) => readdressed(notification, (path) => path.replace('/communications/', '/app/')),
  resourceOnly: (notification) => ({ ...notification, resourceUrl: undefined }),
  urlOnly: (notification) => ({ ...notification, resource: undefined }),
  absoluteUrl: (notification, origin) => readdressed(notification, (path) => `${origin}/v1.0${path}`),
  foreignUrl: (notification) => readdressed(notification, (path) => `https://graph.example.test/v1.0${path}`),
  parenthesised: (notification) =>
    readdressed(notification, (path) => path.replace(/\/(calls|operations)\/([^/]+)/g, "/$1('$2')")),
  traversal: (notification) =>
    readdressed(notification, (path) => `/communications/calls/../../users/adele${path}`),
  array: (notification) => ({
    ...notification,
    resourceData: [notification.resourceData].flat() as readonly Record<string, unknown>[],
  }),
  withoutStatus: (notification) =>
    withData(notification, (data) => ({ ...data, status: undefined, resultInfo: undefined })),
  withoutType: (notification) => withData(notification, (data) => ({ ...data, '@odata.type': undefined })),
  textCodes: (notification) =>
    withData(notification, (data) => ({ ...data, resultInfo: texts(data['resultInfo']) })),
};

/** The notification in these forms, one after another; JSON leaves out what became undefined. */
export function reformed(notification: Notification, forms: readonly Form[], origin: string): Notification {
  return forms.reduce((current, form) => reforms[form](current, origin), notification);
}

/** The notification with its status written in another casing. */
export function recased(notification: Notification, casing: Exclude<Casing, 'mixed'>): Notification {
  return withData(notification, (data) =>
    'status' in data ? { ...data, status: recase('commsOperation', data['status'], casing) } : data,
  );
}

type Data = Readonly<Record<string, unknown>>;

/** The notification with each of its resources changed. */
export function withData(notification: Notification, change: (data: Data) => Data): Notification {
  const { resourceData } = notification;
  const changed = Array.isArray(resourceData)
    ? (resourceData as readonly Data[]).map(change)
    : change(resourceData as Data);
  return { ...notification, resourceData: changed };
}

/** Another address in all places that say what it is about. */
function readdressed(notification: Notification, spell: (path: string) => string): Notification {
  const { resource, resourceUrl } = notification;
  return withData(
    {
      ...notification,
      ...(resource === undefined ? {} : { resource: spell(resource) }),
      ...(resourceUrl === undefined ? {} : { resourceUrl: spell(resourceUrl) }),
    },
    (data) =>
      typeof data['@odata.id'] === 'string' ? { ...data, '@odata.id': spell(data['@odata.id']) } : data,
  );
}

const guid = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;

/** GUIDs in a text in upper case without dashes; values that are no text stay. */
function dashless<T>(value: T): T | string {
  return typeof value === 'string'
    ? value.replace(guid, (found) => found.replaceAll('-', '').toUpperCase())
    : value;
}

/** Numbers as texts, as one documented example writes `code`. */
function texts(info: unknown): unknown {
  return typeof info === 'object' && info !== null
    ? Object.fromEntries(Object.entries(info).map(([name, value]) => [name, String(value)]))
    : info;
}
