#!/usr/bin/env node
// Express Gateway with the directory of its configuration.
//
//   server.js DIRECTORY           serves
//   server.js --check DIRECTORY   builds the pipelines and ends; the exit code tells whether it could
//   server.js --version
'use strict';

const path = require('path');

const defaults = path.join(path.dirname(require.resolve('express-gateway/package.json')), 'lib/config/models');

// The schemas of users, applications and credentials are looked for beside the configuration; those of the package serve.
const withModels = (directory) => {
  const fs = require('fs');
  const models = path.join(directory, 'models');
  if (!fs.existsSync(models)) {
    fs.cpSync(defaults, models, { recursive: true });
  }
  return path.resolve(directory);
};

const check = async (directory) => {
  process.env.EG_DISABLE_CONFIG_WATCH = 'true';
  process.env.EG_CONFIG_DIR = withModels(directory);
  const library = path.dirname(defaults);
  const config = require(library);
  config.loadConfig('system');
  config.loadConfig('gateway');
  config.loadModels();
  const { policies } = { policies: require(path.join(library, '../policies')) };
  policies.load(config.gatewayConfig.policies);
  require(path.join(library, '../conditions')).init();
  await require(path.join(library, '../gateway/pipelines')).bootstrap({
    app: require('express').Router(),
    config,
  });
};

// Users and what proves them, from a file beside the configuration. They are made by the services that the admin interface
// and the command `eg` use too, before anything listens.
const enrol = async (directory) => {
  const fs = require('fs');
  const file = path.join(directory, 'users.json');
  if (!fs.existsSync(file)) {
    return;
  }
  process.env.EG_CONFIG_DIR = directory;
  const { user: users, credential: credentials } = require('express-gateway/lib/services');
  const store = require('express-gateway/lib/services/credentials/credential.dao');
  for (const [username, { keys = [], password, passwordHash }] of Object.entries(JSON.parse(fs.readFileSync(file)))) {
    const { id } = await users.insert({ username, firstname: username, lastname: username });
    for (const key of keys) {
      await credentials.insertCredential(id, 'key-auth', key);
    }
    if (password !== undefined) {
      await credentials.insertCredential(id, 'basic-auth', { password });
    } else if (passwordHash !== undefined) {
      // The service would hash it once more; the store keeps hashes of bcrypt.
      await store.insertCredential(id, 'basic-auth', { isActive: 'true', password: passwordHash });
    }
  }
};

const serve = async (directory) => {
  await enrol(directory);
  await require('express-gateway')().load(directory).run();
};

const [first, second] = process.argv.slice(2);
if (first === '--version') {
  console.log(require('express-gateway/package.json').version);
} else if (first === '--check' && second !== undefined) {
  check(second).then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
} else if (first !== undefined && !first.startsWith('-')) {
  serve(withModels(first)).catch((error) => {
    console.error(error);
    process.exit(1);
  });
} else {
  console.error('usage: server.js [--check] DIRECTORY | --version');
  process.exitCode = 2;
}
