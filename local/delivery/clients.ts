import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { NodeHttpHandler } from "@smithy/node-http-handler";

/** Longer than the longest poll of a queue (20 s). */
const answerMsMax = 30_000;
const connectMsMax = 2_000;
/** Pollers have their own waits; a delivery that fails thrice is told. */
const attemptsMax = 3;

export type ClientService = "dynamodb" | "kinesis" | "sns" | "sqs" | "states";

/** Where the services are, and in whose name they are called. */
export interface AwsAccess {
  readonly region: string;
  readonly endpointOf: (service: ClientService) => string;
  /**
   * What AWS does for a function, it does with the function's role: it is denied what the role is denied. Undefined
   * stands for AWS itself, where it asks the policy of the resource and no role.
   */
  readonly credentialsOf: (roleArn: string | undefined) => {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
}

/** SDK clients of the local cloud itself, one per service and role. */
export class AwsClients {
  readonly #access: AwsAccess;
  readonly #clients = new Map<string, { destroy(): void }>();

  constructor(access: AwsAccess) {
    this.#access = access;
  }

  queues(roleArn: string | undefined): SQSClient {
    return this.#client("sqs", roleArn, (options) => {
      // A queue's URL names AWS; the endpoint says where the queue is.
      return new SQSClient({ ...options, useQueueUrlAsEndpoint: false });
    });
  }

  topics(roleArn: string | undefined): SNSClient {
    return this.#client("sns", roleArn, (options) => new SNSClient(options));
  }

  tableStreams(roleArn: string | undefined): DynamoDBStreamsClient {
    return this.#client("dynamodb", roleArn, (options) => new DynamoDBStreamsClient(options));
  }

  streams(roleArn: string | undefined): KinesisClient {
    return this.#client("kinesis", roleArn, (options) => new KinesisClient(options));
  }

  stateMachines(roleArn: string | undefined): SFNClient {
    return this.#client("states", roleArn, (options) => new SFNClient(options));
  }

  stop(): void {
    for (const client of this.#clients.values()) client.destroy();
    this.#clients.clear();
  }

  #client<Client extends { destroy(): void }>(
    service: ClientService,
    roleArn: string | undefined,
    make: (options: ClientOptions) => Client,
  ): Client {
    const key = `${service} ${roleArn}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known as Client;
    const { region, endpointOf, credentialsOf } = this.#access;
    const client = make({
      region,
      endpoint: endpointOf(service),
      credentials: credentialsOf(roleArn),
      maxAttempts: attemptsMax,
      // HTTP/1.1 for all: the Kinesis client would speak HTTP/2, which emulators do not.
      requestHandler: new NodeHttpHandler({
        connectionTimeout: connectMsMax,
        requestTimeout: answerMsMax,
        throwOnRequestTimeout: true,
      }),
    });
    this.#clients.set(key, client);
    return client;
  }
}

interface ClientOptions {
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
  readonly requestHandler: NodeHttpHandler;
}

/** The URL that AWS gives a queue of this ARN. Emulators find the queue by its last part. */
export function queueUrlOf(queueArn: string): string {
  const [, , , region, account, name] = queueArn.split(":");
  return `https://sqs.${region}.amazonaws.com/${account}/${name}`;
}
