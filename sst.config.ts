/// <reference path="./.sst/platform/config.d.ts" />

// SST refuses imports at the top of this file: app() runs before the providers exist, so each part is
// imported where it is used.
export default $config({
  async app(input) {
    const { appName, settingsOf } = await import("./stacks/settings.ts");
    const settings = settingsOf(input.stage);
    return {
      name: appName,
      home: "aws",
      removal: settings.retainData ? "retain" : "remove",
      protect: settings.protectFromDeletion,
      providers: { aws: { region: settings.region } },
    };
  },
  async run() {
    const { settingsOf } = await import("./stacks/settings.ts");
    const { createAcquirerSecrets, createKeys } = await import("./stacks/security.ts");
    const { createTables } = await import("./stacks/data.ts");
    const { createQueues, createStreams } = await import("./stacks/messaging.ts");
    const { createBuckets } = await import("./stacks/storage.ts");
    const { createConsumers } = await import("./stacks/consumers.ts");
    const { createSchedules } = await import("./stacks/schedules.ts");
    const { createFailureCollection } = await import("./stacks/operations.ts");
    const { createIdentity } = await import("./stacks/identity.ts");
    const { createSagas } = await import("./stacks/processing.ts");
    const { createApi, createRoutes } = await import("./stacks/api.ts");

    if ($dev)
      throw new Error("`sst dev` would open the roles to the whole account: run `npm start` instead.");
    const settings = settingsOf($app.stage);
    const keys = createKeys(settings);
    const tables = createTables(settings, keys);
    const identity = createIdentity(settings);
    const http = createApi(settings);
    const base = {
      settings,
      acquirerSecrets: createAcquirerSecrets(settings),
      keys,
      tables,
      queues: createQueues(),
      streams: createStreams(),
      buckets: createBuckets(settings, keys),
      userPool: identity.pool,
      tokenIssuer: identity.issuer,
      publicUrl: http.url,
    };
    const sagas = createSagas(base);
    const parts = { ...base, sagas };
    createConsumers(parts);
    createSchedules(parts);
    createFailureCollection(parts);
    createRoutes(http, parts);
    return { api: http.url, tokenUrl: identity.tokenUrl, paymentSaga: sagas.payment.arn };
  },
});
