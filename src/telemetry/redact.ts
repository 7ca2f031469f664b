// What no log line and no telemetry may show, found by its shape: keys, tokens and people's names in texts that others
// wrote, such as error messages. The first guard is that bodies, queries and paths are never put in; this is the second.

const secret = '[secret]';

/** Texts are looked at so far; what is shown of them is much shorter. */
const longestLookedAt = 8192;

/** What a principal name or a mail address is made of, in any language. */
const wordCharacter = String.raw`[^\s"'<>()[\]{},;:\\/?&=|@]`;

type Rule = { readonly pattern: RegExp; readonly replacement: string };

// Every repetition is bounded or can't be entered twice for one place: a hostile text costs linear time.
const rules: readonly Rule[] = [
  // Values of a query or form that are credentials. `code` is the function key.
  {
    pattern:
      /([?&](?:code|sig|signature|access_token|id_token|refresh_token|validationToken|client_secret|client_assertion|token|key|password)=)[^&#\s"'<>]{1,4096}/gi,
    replacement: `$1${secret}`,
  },
  {
    pattern:
      /\b(AccountKey|SharedAccessKey|SharedAccessSignature|InstrumentationKey|SharedSecret|ClientSecret|Password|Pwd)=[^;\s"']{1,4096}/gi,
    replacement: `$1=${secret}`,
  },
  {
    pattern: /\b(Bearer|Basic|SharedKey|SharedKeyLite|SharedAccessSignature) [\w.~+/=:;&%-]{4,4096}/gi,
    replacement: `$1 ${secret}`,
  },
  // Members of JSON, also of JSON within a text.
  {
    pattern:
      /(\b\w{0,64}(?:token|secret|password|clientContext)\\{0,8}["']?\s{0,8}[:=]\s{0,8}\\{0,8}["']?)(?!\[secret\])[^\s"'\\,;&}\]]{1,4096}/gi,
    replacement: `$1${secret}`,
  },
  { pattern: /\beyJ[\w-]{6,4096}(?:\.[\w-]{0,4096}){1,4}/g, replacement: secret },
  // Storage keys and function keys, wherever they stand.
  { pattern: /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==/g, replacement: secret },
  { pattern: /(?<![\w-])[\w-]{40,64}==/g, replacement: secret },
  // Principal names and mail addresses, also encoded, from the beginning of their word.
  {
    pattern: new RegExp(
      `(?<!${wordCharacter})${wordCharacter}{1,8192}?(?:@|%40)${wordCharacter}{1,253}\\.${wordCharacter}{2,63}`,
      'giu',
    ),
    replacement: '[person]',
  },
];

/** The text without what looks like a credential or a person. */
export function redactText(text: string): string {
  return rules.reduce(
    (redacted, { pattern, replacement }) => redacted.replaceAll(pattern, replacement),
    text.slice(0, longestLookedAt),
  );
}

/** Whether a field of this name may hold what nobody should see, whatever its value looks like. */
export function isSecretName(name: string): boolean {
  return /token|secret|password|authorization|cookie|connectionString|clientContext|displayName/i.test(name);
}
