import type { Reply } from "./resp.ts";
import type { CacheStore } from "./store.ts";

const ok: Reply = { simple: "OK" };
const syntaxError: Reply = { error: "ERR syntax error" };
const notAnInteger: Reply = { error: "ERR value is not an integer or out of range" };
const noProtocol: Reply = { error: "NOPROTO unsupported protocol version" };
const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

type Command = (args: readonly Buffer[], store: CacheStore, now: number) => Reply;

/** A command and how many arguments it takes, its own name not counted. */
interface Known {
  readonly args: readonly [min: number, max: number];
  readonly run: Command;
}

const anyNumber = Number.POSITIVE_INFINITY;
const known = (min: number, max: number, run: Command): Known => ({ args: [min, max], run });
const text = (argument: Buffer | undefined): string => argument?.toString("latin1") ?? "";

/** What clients say of themselves, and what they ask before they begin. */
const connection: Readonly<Record<string, Known>> = {
  PING: known(0, 1, ([message]) => message ?? { simple: "PONG" }),
  ECHO: known(1, 1, ([message = null]) => message),
  AUTH: known(1, 2, () => ok),
  SELECT: known(1, 1, ([index]) => (text(index) === "0" ? ok : { error: "ERR DB index is out of range" })),
  QUIT: known(0, 0, () => ok),
  INFO: known(0, anyNumber, () => "# Server\r\nredis_version:7.2.0\r\nvalkey_version:8.0.0\r\nloading:0\r\n"),
  HELLO: known(0, anyNumber, ([version]) =>
    version !== undefined && text(version) !== "2"
      ? noProtocol
      : [
          "server",
          "valkey",
          "version",
          "8.0.0",
          "proto",
          2,
          "mode",
          "standalone",
          "role",
          "master",
          "modules",
          [],
        ],
  ),
  CLIENT: known(1, anyNumber, ([subcommand]) =>
    /^(SETNAME|SETINFO)$/i.test(text(subcommand)) ? ok : syntaxError,
  ),
  COMMAND: known(0, anyNumber, () => []),
};

const values: Readonly<Record<string, Known>> = {
  GET: known(1, 1, ([key], store) => store.get(text(key))?.value ?? null),
  MGET: known(1, anyNumber, (keys, store) => keys.map((key) => store.get(text(key))?.value ?? null)),
  SET: known(2, anyNumber, set),
  SETEX: known(3, 3, ([key = none, seconds = none, value = none], store, now) =>
    set([key, value, Buffer.from("EX"), seconds], store, now),
  ),
  SETNX: known(2, 2, ([key = none, value = none], store, now) =>
    set([key, value, Buffer.from("NX")], store, now) === null ? 0 : 1,
  ),
  GETDEL: known(1, 1, ([key], store) => {
    const value = store.get(text(key))?.value ?? null;
    store.delete(text(key));
    return value;
  }),
  DEL: known(1, anyNumber, (keys, store) => keys.filter((key) => store.delete(text(key))).length),
  UNLINK: known(1, anyNumber, (keys, store) => keys.filter((key) => store.delete(text(key))).length),
  EXISTS: known(
    1,
    anyNumber,
    (keys, store) => keys.filter((key) => store.get(text(key)) !== undefined).length,
  ),
  INCR: known(1, 1, ([key], store) => add(store, text(key), 1n)),
  DECR: known(1, 1, ([key], store) => add(store, text(key), -1n)),
  INCRBY: known(2, 2, ([key, by], store) => addText(store, text(key), text(by), 1n)),
  DECRBY: known(2, 2, ([key, by], store) => addText(store, text(key), text(by), -1n)),
  DBSIZE: known(0, 0, (_args, store) => store.size),
  FLUSHALL: known(0, 1, (_args, store) => {
    store.clear();
    return ok;
  }),
};

const expiries: Readonly<Record<string, Known>> = {
  EXPIRE: known(2, 2, ([key, seconds], store, now) => expire(store, text(key), text(seconds), now, 1_000)),
  PEXPIRE: known(2, 2, ([key, ms], store, now) => expire(store, text(key), text(ms), now, 1)),
  PERSIST: known(1, 1, ([key], store) => {
    const entry = store.get(text(key));
    if (entry?.expiresAt === undefined) return 0;
    store.set(text(key), { value: entry.value, expiresAt: undefined });
    return 1;
  }),
  TTL: known(1, 1, ([key], store, now) => left(store, text(key), now, 1_000)),
  PTTL: known(1, 1, ([key], store, now) => left(store, text(key), now, 1)),
};

const commands: Readonly<Record<string, Known>> = { ...connection, ...values, ...expiries };
const none = Buffer.alloc(0);

/** Runs one request. What a cache does not know, and what is wrong with a request, is a reply too. */
export function run([name, ...args]: readonly Buffer[], store: CacheStore, now: number): Reply {
  const word = text(name).toUpperCase();
  const command = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (command === undefined) return { error: `ERR unknown command '${text(name)}'` };
  const [min, max] = command.args;
  if (args.length < min || args.length > max) {
    return { error: `ERR wrong number of arguments for '${word.toLowerCase()}' command` };
  }
  return command.run(args, store, now);
}

const msPerUnit: Readonly<Record<string, number>> = { EX: 1_000, PX: 1, EXAT: 1_000, PXAT: 1 };

interface SetOptions {
  readonly condition: "NX" | "XX" | undefined;
  readonly expiresAt: number | undefined;
  readonly keepsExpiry: boolean;
  readonly answersOld: boolean;
}

function set(args: readonly Buffer[], store: CacheStore, now: number): Reply {
  const [key, value = none, ...rest] = args;
  const options = setOptionsIn(
    rest.map((word) => text(word).toUpperCase()),
    now,
  );
  if ("error" in options) return options;
  const old = store.get(text(key));
  const answer: Reply = options.answersOld ? (old?.value ?? null) : ok;
  const isRefused =
    (options.condition === "NX" && old !== undefined) || (options.condition === "XX" && old === undefined);
  if (isRefused) return options.answersOld ? answer : null;
  store.set(text(key), { value, expiresAt: options.keepsExpiry ? old?.expiresAt : options.expiresAt });
  return answer;
}

function setOptionsIn(words: readonly string[], now: number): SetOptions | { readonly error: string } {
  let condition: SetOptions["condition"];
  let expiresAt: number | undefined;
  let keepsExpiry = false;
  let answersOld = false;
  for (let n = 0; n < words.length; n += 1) {
    const word = words[n] ?? "";
    const unit = msPerUnit[word];
    if (unit !== undefined) {
      n += 1;
      const amount = integerIn(words[n] ?? "");
      if (expiresAt !== undefined || words[n] === undefined) return { error: "ERR syntax error" };
      if (amount === undefined) return { error: "ERR value is not an integer or out of range" };
      if (amount <= 0n) return { error: "ERR invalid expire time in 'set' command" };
      expiresAt = (word.endsWith("AT") ? 0 : now) + Number(amount) * unit;
    } else if ((word === "NX" || word === "XX") && condition === undefined) condition = word;
    else if (word === "KEEPTTL") keepsExpiry = true;
    else if (word === "GET") answersOld = true;
    else return { error: "ERR syntax error" };
  }
  if (keepsExpiry && expiresAt !== undefined) return { error: "ERR syntax error" };
  return { condition, expiresAt, keepsExpiry, answersOld };
}

function add(store: CacheStore, key: string, by: bigint): Reply {
  const entry = store.get(key);
  const current = entry === undefined ? 0n : integerIn(text(entry.value));
  if (current === undefined) return notAnInteger;
  const sum = current + by;
  if (sum > int64Max || sum < int64Min) return { error: "ERR increment or decrement would overflow" };
  store.set(key, { value: Buffer.from(`${sum}`), expiresAt: entry?.expiresAt });
  return Number(sum);
}

function addText(store: CacheStore, key: string, by: string, sign: bigint): Reply {
  const amount = integerIn(by);
  return amount === undefined ? notAnInteger : add(store, key, sign * amount);
}

function expire(store: CacheStore, key: string, amount: string, now: number, unit: number): Reply {
  const units = integerIn(amount);
  if (units === undefined) return notAnInteger;
  const entry = store.get(key);
  if (entry === undefined) return 0;
  if (units <= 0n) store.delete(key);
  else store.set(key, { value: entry.value, expiresAt: now + Number(units) * unit });
  return 1;
}

/** −2: there is no such key, −1: it never expires. */
function left(store: CacheStore, key: string, now: number, unit: number): number {
  const entry = store.get(key);
  if (entry === undefined) return -2;
  return entry.expiresAt === undefined ? -1 : Math.round((entry.expiresAt - now) / unit);
}

function integerIn(digits: string): bigint | undefined {
  if (!/^-?\d{1,19}$/.test(digits)) return undefined;
  const value = BigInt(digits);
  return value > int64Max || value < int64Min ? undefined : value;
}
