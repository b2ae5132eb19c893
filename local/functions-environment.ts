import { devNull } from "node:os";
import type { CredentialRegistry } from "./door/credentials.ts";
import { type Hosts, resolveHosts } from "./hosts.ts";
import type { FunctionDefinition } from "./lambda/function-definition.ts";

/** Name of a function for people: SST calls the Lambda function of the component `PostTask` `PostTaskFunction`. */
export const shortNameOf = (logicalName: string): string => logicalName.replace(/(?<=.)Function$/, "");

/**
 * What the local cloud adds to functions' variables: the access key of each one's role, the door as the endpoint of
 * every AWS client, and the plan's URLs whose hosts live on this machine.
 */
export function functionEnvironments(
  credentials: CredentialRegistry,
  doorUrl: string,
  hosts: Hosts,
): (definition: FunctionDefinition) => Readonly<Record<string, string>> {
  const made = new Map<string, Readonly<Record<string, string>>>();
  return (definition) => {
    const known = made.get(definition.arn);
    if (known !== undefined) return known;
    const { name, logicalName, roleArn } = definition;
    const key = credentials.issue(shortNameOf(logicalName), roleArn, { sessionName: name });
    const resolved = Object.entries(definition.variables)
      .map(([name, value]) => [name, resolveHosts(value, hosts)] as const)
      .filter(([name, value]) => value !== definition.variables[name]);
    const variables = {
      ...Object.fromEntries(resolved),
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
      AWS_ENDPOINT_URL: doorUrl,
      // A developer's own profiles, single sign-on and retry settings have no say in here.
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
    };
    made.set(definition.arn, variables);
    return variables;
  };
}
