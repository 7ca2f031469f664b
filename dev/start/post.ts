// JSON to the API, the simulated Graph or its control, as everything of the demo is begun.

/** @returns the answer's JSON. @throws Error for anything but a success. */
export async function post<T = unknown>(url: string, body: unknown): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${text}`);
  return (text === '' ? null : JSON.parse(text)) as T;
}
