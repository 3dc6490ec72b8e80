// A device on the unmodified Node SDKs over HTTPS, driven by a test; see device.js for the way of it.
'use strict';
const fs = require('fs');
const https = require('https');
const { Readable } = require('stream');
const { Client, Message } = require('azure-iot-device');
const { Http } = require('azure-iot-device-http');
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const provisioning = require('azure-iot-provisioning-device-http');
const { SymmetricKeySecurityClient } = require('azure-iot-security-symmetric-key');
const { X509Security } = require('azure-iot-security-x509');

const plan = JSON.parse(process.argv[2]);
const ca = fs.readFileSync(plan.ca, 'utf8');
const x509 = plan.certificate && {
  cert: fs.readFileSync(plan.certificate, 'utf8'),
  key: fs.readFileSync(plan.keyFile, 'utf8'),
};
const say = (what, value) => process.stdout.write(`${JSON.stringify({ what, value })}\n`);

function register() {
  const security = x509
    ? new X509Security(plan.id, x509)
    : new SymmetricKeySecurityClient(plan.id, plan.key);
  const client = ProvisioningDeviceClient.create(plan.host, plan.scope, new provisioning.Http(), security);
  client.setProvisioningPayload({ modelId: 'dtmi:test:thermostat;1' });
  return client.register();
}

const message = (body, id) => {
  const made = new Message(body);
  made.messageId = id;
  made.contentType = 'application/json';
  made.properties.add('Room', 'a&b=c');
  return made;
};

async function live(hub) {
  const credentials = x509 ? 'x509=true' : `SharedAccessKey=${plan.key}`;
  const client = Client.fromConnectionString(`HostName=${hub};DeviceId=${plan.id};${credentials}`, Http);
  await client.setOptions({ ca, ...(x509 || {}), http: { receivePolicy: { interval: 1 }, agent: new https.Agent({ ca }) } });
  client.on('error', (error) => say('error', error.message));
  await client.open();
  await client.sendEvent(message('{"temperature":21.5}', 'one'));
  await client.sendEventBatch([message('{"n":1}', 'a'), message('{"n":2}', 'b')]);
  say('sent', null);
  let settle = ['abandon', 'complete'];
  client.on('message', (received) => {
    const how = settle.shift() || 'reject';
    client[how](received, (error) => {
      if (error) { say('error', error.message); return; }
      say(how, { body: received.data.toString(), id: received.messageId, properties: received.properties.propertyList });
    });
  });
  if (plan.upload) {
    const content = Buffer.alloc(plan.upload, 'holdfast');
    await client.uploadToBlob('logs/boot 1.txt', Readable.from([content]), content.length);
    say('uploaded', null);
  }
  process.stdin.on('end', () => client.close(() => process.exit(0)));
  process.stdin.resume();
}

register()
  .then((result) => {
    say('registered', { hub: result.assignedHub, device: result.deviceId });
    return live(result.assignedHub);
  })
  .catch((error) => {
    say('failed', `${error.name}: ${error.message} ${error.innerError ? error.innerError.message : ''}`);
    process.exit(1);
  });
