// What CloudWatch Synthetics calls. It requires CommonJS, and its Lambda brings the SDK: the check itself is check-api.mjs.
const { GetSecretValueCommand, SecretsManagerClient } = require("@aws-sdk/client-secrets-manager");

const secrets = new SecretsManagerClient({});

exports.handler = async () => {
  const { API_URL: api, TOKEN_URL: tokenUrl, CLIENT_SECRET_ARN: SecretId } = process.env;
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId }));
  const { client_id: clientId, client_secret: clientSecret } = JSON.parse(SecretString);
  const { checkApi } = await import("./check-api.mjs");
  await checkApi({ api, tokenUrl, clientId, clientSecret });
};
