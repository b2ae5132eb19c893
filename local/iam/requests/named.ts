import { type Input, inputOf } from "../../door/call-input.ts";
import type { EstateFacts } from "../estate.ts";
import type { AccessReader } from "./reader.ts";

/** How a service that speaks AWS JSON names what a call is about, and its actions in policies. */
interface Naming {
  readonly resources: (input: Input, action: string) => readonly string[];
  /** `place` is region and account, with a colon between. Names that are ARNs stay as they are. */
  readonly arn: (name: string, place: string) => string;
  readonly actions: Readonly<Record<string, string>>;
}

export function readerOf(service: string, { resources, arn, actions }: Naming): AccessReader {
  return (call, { region, account }: EstateFacts) => {
    const input = inputOf(call);
    if (input === undefined) return undefined;
    const named = resources(input, call.action);
    // A call that names nothing is about all there is.
    return (named.length === 0 ? ["*"] : named).map((name) => ({
      action: `${service}:${actions[call.action] ?? call.action}`,
      resource: name.startsWith("arn:") || name === "*" ? name : arn(name, `${region}:${account}`),
      context: () => undefined,
    }));
  };
}
