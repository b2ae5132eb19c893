import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { startFauxqs } from "fauxqs";

/** An AWS account as far as the sst binary itself speaks to one, beside Pulumi: a first deployment finds it empty. */
export interface Account {
  /** Variables that lead the AWS SDK of the binary here. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the binary asked, as `AmazonSSM.PutParameter /sst/bootstrap`. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

type Body = Readonly<Record<string, string>>;

/** SST keeps the state of stages in S3, which is an emulator's, and facts about the account in SSM and ECR. */
export async function startAccount(accountId: string, region: string): Promise<Account> {
  const s3 = await startFauxqs({ host: "127.0.0.1", port: 0, logger: false });
  const parameters = new Map<string, string>();
  const asked: string[] = [];
  const actions: Readonly<Record<string, (body: Body) => object | undefined>> = {
    "AmazonSSM.GetParameter": ({ Name = "" }) => {
      const value = parameters.get(Name);
      return value === undefined
        ? undefined
        : { Parameter: { Name, Value: value, Type: "String", Version: 1 } };
    },
    "AmazonSSM.PutParameter": ({ Name = "", Value = "" }) => {
      parameters.set(Name, Value);
      return { Version: 1 };
    },
    "AmazonEC2ContainerRegistry_V20150921.CreateRepository": ({ repositoryName = "" }) => ({
      repository: {
        repositoryName,
        registryId: accountId,
        repositoryUri: `${accountId}.dkr.ecr.${region}.amazonaws.com/${repositoryName}`,
      },
    }),
  };
  const answer = async (request: IncomingMessage): Promise<readonly [number, object]> => {
    const target = String(request.headers["x-amz-target"]);
    const body = JSON.parse((await text(request)) || "{}") as Body;
    asked.push(`${target} ${body["Name"] ?? body["repositoryName"] ?? ""}`);
    const act = actions[target];
    if (act === undefined) return [400, { __type: "UnknownOperationException", message: target }];
    const result = act(body);
    return result === undefined ? [400, { __type: "ParameterNotFound" }] : [200, result];
  };
  const server = createServer(async (request, response) => {
    const [statusCode, body] = await answer(request);
    response.writeHead(statusCode, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    environment: {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${s3.port}`,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_REGION: region,
      AWS_EC2_METADATA_DISABLED: "true",
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await s3.stop();
    },
  };
}
