/// <reference path="./.sst/platform/config.d.ts" />

// SST refuses imports at the top of this file: app() runs before the providers exist, so each part is
// imported where it is used.
export default $config({
  async app(input) {
    const { findSettings } = await import("./stacks/settings.ts");
    const { appName, homeRegion } = await import("./stacks/constants.ts");
    // Undefined for a stage that is none: run() refuses it, because the sst binary keeps what app() throws to its log.
    const settings = findSettings(input.stage);
    return {
      name: appName,
      home: "aws",
      removal: settings?.retainData === false ? "remove" : "retain",
      protect: settings?.protectFromDeletion ?? true,
      providers: {
        aws: {
          region: settings?.region ?? homeRegion,
          ...(settings && { allowedAccountIds: [settings.awsAccount] }),
        },
        // For what runs in the cluster (stacks/kubernetes.ts). Without a cluster nothing asks for it.
        kubernetes: "4.34.2",
        // Copies images into our registry (stacks/images.ts).
        "docker-build": "0.0.14",
      },
    };
  },
  async run() {
    const { settingsOf } = await import("./stacks/settings.ts");
    const { createStage } = await import("./stacks/stage.ts");
    return createStage(settingsOf($app.stage));
  },
});
