import { z } from "zod";
import { type AcquirerSettings, AcquirerSettingsInvalid, isSandbox, parseJson } from "./settings.ts";

/** Long enough that nobody guesses it. */
const lengthMin = 16;
const secret = z.string().min(lengthMin);

/** A variable that holds what the stage shares with its acquirers: `{"<name>": …}`. */
interface Shared<T> {
  readonly variable: string;
  /** The secret of SST that the variable is made of. */
  readonly setBy: string;
  readonly value: z.ZodType<T>;
  /** As the sandbox acquirers have it, whose names everybody may know. */
  readonly sandbox: (acquirer: string) => T;
}

const apiKeys: Shared<string> = {
  variable: "ACQUIRER_API_KEYS",
  setBy: "AcquirerApiKeys",
  value: secret,
  sandbox: (acquirer) => `sandbox-${acquirer}`,
};

const notificationSecrets: Shared<readonly string[]> = {
  variable: "ACQUIRER_NOTIFICATION_SECRETS",
  setBy: "AcquirerNotificationSecrets",
  value: z.array(secret).min(1).max(2),
  sandbox: (acquirer) => [`sandbox-notify-${acquirer}`],
};

/**
 * How the stage signs in at each acquirer, by name.
 * @param json `{"<name>": "<key>"}`; sandbox acquirers need none
 * @throws AcquirerSettingsInvalid that names what is missing and how to set it, and quotes no secret.
 */
export const apiKeysOf = (
  acquirers: readonly AcquirerSettings[],
  json: string | undefined,
): ReadonlyMap<string, string> => sharedWith(acquirers, json, apiKeys);

/**
 * What may have signed an acquirer's notifications, by name: two while it is changed.
 * @param json `{"<name>": ["<secret>"]}`; sandbox acquirers need none
 * @throws AcquirerSettingsInvalid that names what is missing and how to set it, and quotes no secret.
 */
export const notificationSecretsOf = (
  acquirers: readonly AcquirerSettings[],
  json: string | undefined,
): ReadonlyMap<string, readonly string[]> => sharedWith(acquirers, json, notificationSecrets);

function sharedWith<T>(
  acquirers: readonly AcquirerSettings[],
  json = "{}",
  { variable, setBy, value, sandbox }: Shared<T>,
): ReadonlyMap<string, T> {
  const remedy = `set it with \`sst secret set ${setBy}\``;
  const parsed = z.record(z.string(), value).safeParse(parseJson(variable, json));
  if (!parsed.success) {
    const places = new Set(parsed.error.issues.map(({ path }) => `[${path.join(".")}]`));
    throw new AcquirerSettingsInvalid(`${variable}: ${[...places].join(", ")} cannot be used: ${remedy}`);
  }
  const known = new Map(Object.entries(parsed.data));
  return new Map(
    acquirers.map((acquirer) => {
      const { name } = acquirer;
      const shared = known.get(name) ?? (isSandbox(acquirer) ? sandbox(name) : undefined);
      if (shared === undefined)
        throw new AcquirerSettingsInvalid(`${variable}: has nothing of the acquirer ${name}: ${remedy}`);
      return [name, shared];
    }),
  );
}
