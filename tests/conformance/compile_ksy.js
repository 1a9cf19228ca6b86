// SPDX-License-Identifier: MIT
//
// Compiles a Kaitai Struct description: npm's kaitai-struct-compiler is a library without a command,
// and takes the description as an object.
//
//     NODE_PATH=FOLDER/node_modules node compile_ksy.js TARGET DESCRIPTION.ksy OUTPUT-FOLDER
const fs = require('fs');
const path = require('path');
const yaml = require('js-yaml');
const compiler = require('kaitai-struct-compiler');

const [target, description, folder] = process.argv.slice(2);
const importer = { importYaml: (name) => Promise.reject(new Error('import of ' + name)) };

async function main() {
  const tree = yaml.load(fs.readFileSync(description, 'utf8'));
  const files = await compiler.compile(target, tree, importer, false);
  fs.mkdirSync(folder, { recursive: true });
  for (const name of Object.keys(files)) fs.writeFileSync(path.join(folder, name), files[name]);
}

main().catch((error) => {
  console.error('compile_ksy.js: ' + description + ': ' + (error.message || error));
  process.exit(1);
});
