import type { ApiDefinition, AuthorizerDefinition } from "./api-definition.ts";

/** Methods that a route with `ANY` and the route of last resort take. */
const methods = ["GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "DELETE"];

/** A route as it is named to its function and in permissions: with the method asked for, and its path's parameters. */
export function routeArnOf(api: ApiDefinition, routeKey: string, method: string): string {
  const [, path] = routeKey.split(" ");
  const resource = path === undefined ? routeKey : `${method}${path}`;
  return `${arnOf(api)}/${api.stage}/${resource}`;
}

/** Each ARN that a route may be named by. */
export function routeArnsOf(api: ApiDefinition, routeKey: string): readonly string[] {
  const [method = "", path] = routeKey.split(" ");
  const asked = method === "ANY" ? methods : [path === undefined ? "GET" : method];
  return asked.map((each) => routeArnOf(api, routeKey, each));
}

export const authorizerArnOf = (api: ApiDefinition, { id }: AuthorizerDefinition): string =>
  `${arnOf(api)}/authorizers/${id}`;

const arnOf = ({ region, accountId, apiId }: ApiDefinition): string =>
  `arn:aws:execute-api:${region}:${accountId}:${apiId}`;
