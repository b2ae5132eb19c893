import type { StoreConnection } from "./connection.ts";

/** What any client of AWS's SDK takes to reach a stage, or the system on this machine. */
interface ClientOptions {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** What of a store's connection every client takes. */
export function clientOf({ client }: StoreConnection): ClientOptions {
  const { endpoint, region, credentials } = client as ClientOptions;
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}
