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
      providers: { aws: { region: settings.region, allowedAccountIds: [settings.awsAccount] } },
    };
  },
  async run() {
    const { settingsOf } = await import("./stacks/settings.ts");
    const { createEstate } = await import("./stacks/estate.ts");
    return createEstate(settingsOf($app.stage));
  },
});
