import { z } from "zod";
import { Refusal } from "../process/refusal.ts";

/** What may be had from another emulator, by its name in AWS's own variables: `AWS_ENDPOINT_URL_SQS`. */
export const remoteServices = ["dynamodb", "sqs", "sns", "s3", "kinesis"] as const;
export type RemoteService = (typeof remoteServices)[number];

/** What a plan has runs here and nowhere else: the plan names its keys, functions and machines by ARNs of our making. */
const hereOnly = ["DYNAMODB_STREAMS", "EVENTBRIDGE", "KMS", "LAMBDA", "SCHEDULER", "SFN"];

/** Other emulators, as AWS's SDKs are told of them. */
export interface AwsEndpoints {
  /** `AWS_ENDPOINT_URL`: an emulator of who knows which services. */
  readonly all?: string;
  /** `AWS_ENDPOINT_URL_<SERVICE>`: it must have that service. */
  readonly of: Readonly<Partial<Record<RemoteService, string>>>;
}

const url = z.url({ protocol: /^https?$/ });

export const variableOf = (service: RemoteService): string => `AWS_ENDPOINT_URL_${service.toUpperCase()}`;

/** @throws Refusal when a variable is no URL, or names a service that runs here only. */
export function awsEndpointsIn(environment: Readonly<Record<string, string | undefined>>): AwsEndpoints {
  if (environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true") return { of: {} };
  const read = (variable: string): string | undefined => {
    const text = environment[variable];
    if (text === undefined || text === "") return undefined;
    if (!url.safeParse(text).success) throw new Refusal(`${variable} is a URL`);
    return text;
  };
  for (const service of hereOnly) {
    const variable = `AWS_ENDPOINT_URL_${service}`;
    if (environment[variable] !== undefined)
      throw new Refusal(`${variable}: that service runs here only: unset it`);
  }
  const all = read("AWS_ENDPOINT_URL");
  const named = remoteServices.map((service) => [service, read(variableOf(service))] as const);
  return {
    ...(all !== undefined && { all }),
    of: Object.fromEntries(named.filter(([, text]) => text !== undefined)),
  };
}
