import { describe, expect, it } from "vitest";
import { production, type RoleInputs, type Statement, statementsOf } from "./committed-plan.ts";
import type { Pod } from "./pod.ts";

const arnOf = (name: string): unknown => production.resource(name).outputs?.["arn"];
const idOf = (name: string): unknown => production.resource(name).outputs?.["id"];
const name = "tallystick-production-cluster";

describe("the cluster", () => {
  const { inputs } = production.resource<{ enabledClusterLogTypes: readonly string[] }>("Cluster");

  it("has no address outside the network, and is in all of its zones", () => {
    expect(inputs).toMatchObject({
      vpcConfig: {
        endpointPrivateAccess: true,
        endpointPublicAccess: false,
        subnetIds: ["PrivateSubnetA", "PrivateSubnetB", "PrivateSubnetC"].map(idOf),
      },
    });
  });

  it("encrypts what Kubernetes keeps as secrets, under a rotating key of its own", () => {
    expect(inputs).toMatchObject({
      encryptionConfig: { provider: { keyArn: arnOf("ClusterSecretsKey") }, resources: ["secrets"] },
    });
    expect(production.resource("ClusterSecretsKey").inputs).toMatchObject({ enableKeyRotation: true });
  });

  it("tells all, into log groups that are kept a year under a key of ours", () => {
    expect(inputs.enabledClusterLogTypes.toSorted()).toEqual([
      ...["api", "audit", "authenticator", "controllerManager", "scheduler"],
    ]);
    const groups = production.ofType<{ name: string }>("aws:cloudwatch/logGroup:LogGroup");
    const names = [
      `/aws/eks/${name}/cluster`,
      ...["application", "dataplane", "host", "performance"].map(
        (kind) => `/aws/containerinsights/${name}/${kind}`,
      ),
    ];
    for (const each of names) {
      const group = groups.find((candidate) => candidate.inputs.name === each);
      expect(group?.inputs, each).toMatchObject({
        retentionInDays: 365,
        kmsKeyId: arnOf("InfrastructureLogsKey"),
      });
    }
  });

  it("is run by AWS: all three parts of Auto Mode, which go only together", () => {
    expect(inputs).toMatchObject({
      computeConfig: { enabled: true },
      storageConfig: { blockStorage: { enabled: true } },
      kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
      bootstrapSelfManagedAddons: false,
    });
  });

  it("lets in its nodes and whoever deploys, by access entries, and nobody for having made it", () => {
    expect(inputs).toMatchObject({
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
    });
    const entries = production.ofType<{ principalArn: string; type: string }>(
      "aws:eks/accessEntry:AccessEntry",
    );
    expect(entries.map((entry) => [entry.inputs.principalArn, entry.inputs.type])).toEqual([
      ["arn:aws:iam::123456789012:role/tallystick-deploy", "STANDARD"],
      [arnOf("ClusterNodeRole"), "EC2"],
    ]);
  });
});

describe("roles of pods", () => {
  const trustOf = (role: string): readonly (Statement & { readonly Principal: unknown })[] =>
    production.resource<RoleInputs>(role).inputs.assumeRolePolicy.Statement as never;

  it.each([
    { role: "ReconcilerRole", namespace: "reconciler", account: "reconciler" },
    { role: "BooksMigrationRole", namespace: "reconciler", account: "books-migration" },
    { role: "KedaRole", namespace: "keda", account: "keda-operator" },
  ])("$role is for one service account of this cluster", ({ role, namespace, account }) => {
    expect(trustOf(role)).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: {
            "aws:SourceAccount": "123456789012",
            "aws:RequestTag/kubernetes-namespace": namespace,
            "aws:RequestTag/kubernetes-service-account": account,
            "aws:RequestTag/eks-cluster-arn": arnOf("Cluster"),
          },
        },
      },
    ]);
  });

  const allowedTo = (role: string): string[] =>
    statementsOf(production.resource<RoleInputs>(role))
      .flatMap(({ Action }) => Action)
      .toSorted();

  it("let the reconciler take notices, read files, sign in to its stores, settle, prove and compare, and change no file", () => {
    // Of each bucket: what acquirers and banks sent, and what the journal told.
    const reads = ["kms:Decrypt", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"];
    const settles = [
      ...["dynamodb:BatchGetItem", "dynamodb:PutItem"],
      ...["dynamodb:PutItem", "dynamodb:UpdateItem"],
    ];
    const takes = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"];
    const signsIn = ["elasticache:Connect", "rds-db:connect"];
    const proves = ["kms:GenerateDataKey", "kms:Sign", "s3:PutObject"];
    const compares = [
      ...["dynamodb:Query", "dynamodb:Scan"],
      ...["redshift-data:ExecuteStatement", "redshift-serverless:GetCredentials"],
      ...["redshift-data:DescribeStatement", "redshift-data:GetStatementResult"],
    ];
    const traces = ["xray:PutTraceSegments"];
    expect(allowedTo("ReconcilerRole")).toEqual(
      [
        ...reads,
        ...reads,
        ...takes,
        ...takes,
        ...settles,
        ...signsIn,
        ...proves,
        ...compares,
        ...traces,
      ].toSorted(),
    );
    const ledger = statementsOf(production.resource<RoleInputs>("ReconcilerRole")).filter(
      ({ Resource }) => Resource === arnOf("LedgerTable"),
    );
    const available = "*#account#mer_*:2110:*";
    const under = (...partitions: string[]) => ({
      "ForAllValues:StringLike": {
        "dynamodb:LeadingKeys": partitions.length === 1 ? partitions[0] : partitions,
      },
      Null: { "dynamodb:LeadingKeys": "false" },
    });
    expect(ledger.map(({ Action, Condition }) => [Action, Condition])).toEqual([
      ["dynamodb:PutItem", under("*#journal#*", available)],
      ["dynamodb:UpdateItem", under(available)],
      ["dynamodb:Query", under("*#fold")],
    ]);
  });

  it("let it read which merchants there are and nothing of them, and ask the warehouse in no other name than its own", () => {
    const of = (resource: string) =>
      statementsOf(production.resource<RoleInputs>("ReconcilerRole")).filter(
        ({ Resource }) => Resource === arnOf(resource),
      );
    expect(of("MerchantsTable")).toEqual([
      {
        ...{ Effect: "Allow", Action: "dynamodb:Scan", Resource: arnOf("MerchantsTable") },
        Condition: {
          "ForAllValues:StringEquals": { "dynamodb:Attributes": ["pk", "sk"] },
          StringEquals: { "dynamodb:Select": "SPECIFIC_ATTRIBUTES" },
        },
      },
    ]);
    expect(of("Warehouse").map(({ Action }) => Action)).toEqual([
      ["redshift-data:ExecuteStatement", "redshift-serverless:GetCredentials"],
    ]);
    expect(allowedTo("ReconcilerRole")).not.toContain("secretsmanager:GetSecretValue");
  });

  it("let it add proofs where the archive is copied from, and below no other name", () => {
    const putting = statementsOf(production.resource<RoleInputs>("ReconcilerRole")).filter(
      ({ Action }) => Action === "s3:PutObject",
    );
    expect(putting).toEqual([
      { Effect: "Allow", Action: "s3:PutObject", Resource: `${arnOf("ArchiveLandingBucket")}/proofs/*` },
    ]);
  });

  it("let KEDA count messages, and take none", () => {
    expect(allowedTo("KedaRole")).toEqual(["sqs:GetQueueAttributes"]);
  });
});

describe("images", () => {
  it("come from registries of ours only, where a tag is one image for ever", () => {
    const repositories = production.ofType<{ name: string }>("aws:ecr/repository:Repository");
    expect(repositories).toHaveLength(4);
    for (const each of repositories) {
      expect(each.inputs, each.name).toMatchObject({
        imageTagMutability: "IMMUTABLE",
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: arnOf("ImagesKey") }],
      });
    }
    const { values } = production.resource<{ values: { image: Record<string, unknown> } }>("Keda").inputs;
    const { pullPolicy: _, ...images } = values.image;
    const named = Object.values(images) as { registry: string; repository: string; tag: string }[];
    const copies = production.ofType<{ tags: string[] }>("docker-build:index:Image");
    expect(
      named.map(({ registry, repository, tag }) => `${registry}/${repository}:${tag}`).toSorted(),
    ).toEqual(copies.flatMap(({ inputs }) => inputs.tags).toSorted());
  });
});

describe("the reconciler", () => {
  const deployment = production.resource<{ spec: { replicas: number; template: { spec: Pod } } }>(
    "Reconciler",
  );
  const pod = deployment.inputs.spec.template.spec;
  const [container] = pod.containers;

  it("is told of each file by its bucket, and the queue lets in that bucket alone", () => {
    expect(production.resource("InboundBucketNotices").inputs).toMatchObject({
      bucket: idOf("InboundBucket"),
      queues: [{ queueArn: arnOf("InboundFilesQueue"), events: ["s3:ObjectCreated:*"] }],
    });
    const policy = JSON.parse(production.resource<{ policy: string }>("InboundFilesPolicy").inputs.policy);
    expect(policy.Statement).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "s3.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: arnOf("InboundFilesQueue"),
        Condition: {
          ArnEquals: { "aws:SourceArn": arnOf("InboundBucket") },
          StringEquals: { "aws:SourceAccount": "123456789012" },
        },
      },
    ]);
  });

  it("puts a file aside that five processes died of", () => {
    const { redrivePolicy } = production.resource<{ redrivePolicy: string }>("InboundFilesQueue").inputs;
    expect(JSON.parse(redrivePolicy)).toEqual({
      deadLetterTargetArn: arnOf("InboundFilesUnreadQueue"),
      maxReceiveCount: 5,
    });
  });

  it("runs as nobody, can write to one folder of its own, and keeps no door to Kubernetes", () => {
    expect(pod).toMatchObject({
      serviceAccountName: "reconciler",
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(container?.volumeMounts).toHaveLength(1);
    const folder = container?.env.find((variable) => variable.name === "TMPDIR");
    expect(folder?.value).toBe(container?.volumeMounts[0]?.mountPath);
    expect(production.resource("ReconcilerNamespace").inputs).toMatchObject({
      metadata: { labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    });
  });

  it("is told of each file that the journal is delivered in", () => {
    expect(production.resource("ArchiveLandingNotices").inputs).toMatchObject({
      bucket: idOf("ArchiveLandingBucket"),
      queues: [
        { queueArn: arnOf("JournalFilesQueue"), events: ["s3:ObjectCreated:*"], filterPrefix: "events/" },
      ],
    });
  });

  it("is wired to its queues and its bucket, and spread over zones", () => {
    const variables = Object.fromEntries(container?.env.map((each) => [each.name, each.value]) ?? []);
    expect(variables).toMatchObject({
      INBOUND_FILES_QUEUE_URL: production.resource("InboundFilesQueue").outputs?.["url"],
      JOURNAL_FILES_QUEUE_URL: production.resource("JournalFilesQueue").outputs?.["url"],
      INBOUND_BUCKET: idOf("InboundBucket"),
      PROOFS_BUCKET: idOf("ArchiveLandingBucket"),
      PROOFS_KEY: arnOf("ProofsKey"),
    });
    expect(pod.topologySpreadConstraints.map(({ topologyKey }) => topologyKey)).toContain(
      "topology.kubernetes.io/zone",
    );
  });

  it.each(["InboundFilesQueue", "JournalFilesQueue"])(
    "gives work of %s up only after it had its time to end",
    (queue) => {
      const { visibilityTimeoutSeconds } = production.resource<{ visibilityTimeoutSeconds: number }>(
        queue,
      ).inputs;
      expect(pod.terminationGracePeriodSeconds).toBeLessThan(visibilityTimeoutSeconds);
    },
  );

  it("has as many pods as its queues ask for, and none while no image is released", () => {
    const scaling = production.resource<{
      metadata: { annotations: Readonly<Record<string, string>> };
      spec: { triggers: readonly { readonly metadata: object }[] };
    }>("ReconcilerScaling").inputs;
    expect(scaling.spec.triggers).toMatchObject(
      ["InboundFilesQueue", "JournalFilesQueue"].map((queue) => ({
        type: "aws-sqs-queue",
        metadata: { queueURL: production.resource(queue).outputs?.["url"] },
      })),
    );
    expect(deployment.inputs.spec.replicas).toBe(0);
    expect(deployment.options).toMatchObject({ ignoreChanges: ["spec.replicas"] });
    const released = !container?.image.endsWith(":unreleased");
    expect(scaling.metadata.annotations["autoscaling.keda.sh/paused-replicas"]).toBe(
      released ? undefined : "0",
    );
  });

  it("hears from nobody, and speaks to names, credentials, AWS and the books", () => {
    const { spec } = production.resource<{
      spec: { ingress?: unknown; policyTypes: string[]; egress: { ports: { port: number }[] }[] };
    }>("ReconcilerNetworkPolicy").inputs;
    expect(spec.policyTypes).toEqual(["Ingress", "Egress"]);
    expect(spec.ingress).toBeUndefined();
    expect(spec.egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([
      53, 53, 80, 443, 5432, 6379,
    ]);
    // Without the controller a policy is only text.
    expect(production.resource("NetworkPolicyController").inputs).toMatchObject({
      data: { "enable-network-policy-controller": "true" },
    });
  });
});
