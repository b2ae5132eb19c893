/** Where this machine finds what the plan names by a host of the outside world, as `/etc/hosts` would say it. */
export type Hosts = ReadonlyMap<string, string>;

/** Sandbox acquirers live under a name that never resolves (RFC 6761). */
const sandboxPattern = /https:\/\/([a-z0-9-]{1,63})\.acquirer\.test(?![a-z0-9.-])/g;

/** Names of the sandbox acquirers that some text names, each once, in order. */
export function sandboxAcquirersIn(texts: Iterable<string>): readonly string[] {
  const names = new Set<string>();
  for (const text of texts) for (const [, name] of text.matchAll(sandboxPattern)) if (name) names.add(name);
  return [...names];
}

export const sandboxUrl = (name: string): string => `https://${name}.acquirer.test`;

/** Replaces each URL prefix of the table, wherever it stands whole in the text. */
export function resolveHosts(text: string, hosts: Hosts): string {
  let resolved = text;
  for (const [prefix, url] of hosts) {
    if (!resolved.includes(prefix)) continue;
    resolved = resolved.replace(new RegExp(`${literally(prefix)}(?![\\w.-])`, "g"), () => url);
  }
  return resolved;
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
