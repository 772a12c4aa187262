// Makes the calls of its input with @coze/api, which NODE_PATH leads to.
const fs = require("fs");
const os = require("os");
const path = require("path");
const readline = require("readline");
const coze = require("@coze/api");
const { CozeAPI } = coze;

async function answer({ call, url, token, args, given }) {
  const client = new CozeAPI({ token, baseURL: url });
  if (call === "names") return otherNames();
  if (call === "methods") return [...methods(client)];
  if (args[0]?.file) args[0].file = fs.createReadStream(args[0].file);
  const names = call.split(".");
  const name = names.pop();
  const noun = names.reduce((found, part) => found[part], client);
  const result = noun[name](...(given.wire ? argumentsFor(noun[name], given.wire) : args));
  if (result?.[Symbol.asyncIterator]) return walk(result);
  const value = (await result) ?? null;
  return value instanceof ArrayBuffer ? { bytes: value.byteLength } : value;
}

// Yield the path of each method of the client's resources, found by reflection.
function* methods(noun, prefix = "") {
  for (const [name, value] of Object.entries(noun)) {
    if (name !== "_client" && value?._client) yield* methods(value, `${prefix}${name}.`);
  }
  if (!noun._client) return;
  for (let type = Object.getPrototypeOf(noun); type !== Object.prototype; type = Object.getPrototypeOf(type)) {
    for (const name of Object.getOwnPropertyNames(type)) if (name !== "constructor") yield prefix + name;
  }
}

// Return the public names: functions, errors, constants and the client; not its resources and enumerations.
function otherNames() {
  const wanted = ([name, value]) => {
    if (typeof value !== "function") return typeof value !== "object";
    return /^[a-z]/.test(name) || value === CozeAPI || value.prototype instanceof Error;
  };
  return Object.entries(coze).filter(wanted).map(([name]) => name);
}

// Return the arguments that send these values: those that the method names, and the others as its `params`.
function argumentsFor(method, wire) {
  const rest = Object.fromEntries(Object.entries(wire).map(([name, value]) => [name, asStream(value)]));
  const names = String(method).match(/\(([^)]*)\)/)[1].split(/,\s*/).filter((name) => name && name !== "options");
  const given = names.map((name) => {
    const wired = name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());
    if (!(wired in rest)) return rest;
    const value = rest[wired];
    delete rest[wired];
    return value;
  });
  return given;
}

// A file is read from the disk, as the client's documentation shows.
function asStream(value) {
  if (value?.base64 === undefined) return value;
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "coze-js-")), value.name);
  fs.writeFileSync(file, Buffer.from(value.base64, "base64"));
  return fs.createReadStream(file);
}

// Return what a generator yields and its return value.
async function walk(generator) {
  const events = [];
  for (;;) {
    const { done, value } = await generator.next();
    if (done) return { events, returned: value ?? null };
    events.push(structuredClone(value));
  }
}

function raised(error) {
  return { kind: error.constructor.name, code: error.code ?? null, text: error.message };
}

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const reply = await answer(JSON.parse(line)).then(
    (value) => ({ value }),
    (error) => ({ raised: raised(error) }),
  );
  process.stdout.write(JSON.stringify(reply) + "\n");
});
lines.on("close", () => process.exit());
