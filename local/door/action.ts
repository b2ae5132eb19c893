/** Lambda is the one service here that names its action by method and path. */
const lambdaRoutes: readonly (readonly [method: string, path: RegExp, action: string])[] = [
  ["POST", /^\/2015-03-31\/functions\/[^/]+\/invocations$/, "Invoke"],
  ["GET", /^\/2015-03-31\/functions\/[^/]+\/?$/, "GetFunction"],
  ["GET", /^\/2015-03-31\/functions\/?$/, "ListFunctions"],
];

/**
 * The API action of a request: the part of `X-Amz-Target` behind the dot (AWS JSON 1.0 and 1.1: DynamoDB, KMS,
 * Step Functions), or what Lambda's REST path says.
 * @returns undefined when the request names no action that the local cloud can read.
 */
export function actionOf(
  service: string,
  method: string,
  path: string,
  target: string | undefined,
): string | undefined {
  if (target !== undefined) return /^[\w.]{1,128}\.(\w{1,64})$/.exec(target)?.[1];
  if (service !== "lambda") return undefined;
  const withoutQuery = path.split("?", 1)[0] ?? path;
  return lambdaRoutes.find(([verb, route]) => verb === method && route.test(withoutQuery))?.[2];
}
