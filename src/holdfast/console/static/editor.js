// The template editor: a form for the capabilities that follows the JSON, and writes into it.

const side = document.querySelector("[data-form-side]");
const json = document.getElementById("json");
const KINDS = ["Telemetry", "Property", "Cloud property", "Command", "Component"];
const SCHEMAS = ["boolean", "date", "dateTime", "double", "duration", "float", "integer", "long", "string", "time", "geopoint", "vector"];

const types = (content) => [content["@type"] ?? []].flat();
const text = (value) => (value && typeof value === "object" ? value.en ?? Object.values(value)[0] ?? "" : value ?? "");

function kindOf(content) {
  if (types(content).includes("Cloud")) return "Cloud property";
  return KINDS.find((kind) => types(content).includes(kind)) ?? "Telemetry";
}

function setKind(content, kind) {
  const others = types(content).filter((type) => !KINDS.includes(type) && type !== "Cloud");
  const named = kind === "Cloud property" ? ["Property", "Cloud", ...others] : [kind, ...others];
  content["@type"] = named.length === 1 ? named[0] : named;
  if (kind === "Command") delete content.schema;
  else content.schema ??= "double";
}

function read() {
  try {
    const template = JSON.parse(json.value);
    return template && typeof template === "object" ? template : null;
  } catch {
    return null;
  }
}

function write(template) {
  json.value = JSON.stringify(template, null, 2);
  json.dispatchEvent(new Event("input", { bubbles: true }));
}

// Change the template that the JSON has now, then show both sides again.
function change(work) {
  const template = read();
  if (!template) return;
  template.capabilityModel ??= { "@id": "", "@type": "Interface", contents: [] };
  template.capabilityModel.contents ??= [];
  work(template, template.capabilityModel.contents);
  write(template);
}

function field(label, element, onchange) {
  const wrapped = document.createElement("label");
  wrapped.append(label, " ", element);
  element.addEventListener("change", () => onchange(element));
  return wrapped;
}

function input(value, disabled = false) {
  const element = document.createElement("input");
  element.value = value;
  element.disabled = disabled;
  return element;
}

function select(options, chosen) {
  const element = document.createElement("select");
  for (const option of options) element.add(new Option(option, option, false, option === chosen));
  return element;
}

function checkbox(checked) {
  const element = document.createElement("input");
  element.type = "checkbox";
  element.checked = checked;
  return element;
}

function button(title, action, danger = false) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = title;
  element.className = danger ? "danger small" : "small";
  element.addEventListener("click", action);
  return element;
}

function row(content, number) {
  const box = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = content.name || "unnamed";
  const set = (work) => (element) => change((_template, contents) => work(contents[number], element));
  const kind = kindOf(content);
  box.append(
    legend,
    field("Kind", select(KINDS, kind), set((it, element) => setKind(it, element.value))),
    field("Name", input(content.name ?? ""), set((it, element) => { it.name = element.value; })),
    field("Shown as", input(text(content.displayName)), set((it, element) => { it.displayName = element.value; })),
  );
  if (kind !== "Command") {
    const known = typeof content.schema === "string";
    const options = known && !SCHEMAS.includes(content.schema) ? [...SCHEMAS, content.schema] : SCHEMAS;
    box.append(known
      ? field("Schema", select(options, content.schema), set((it, element) => { it.schema = element.value; }))
      : field("Schema", input("as the JSON says", true), () => {}));
  }
  if (kind === "Telemetry" || kind === "Property") {
    box.append(field("Unit", input(text(content.displayUnit ?? content.unit)), set((it, element) => {
      if (element.value) it.displayUnit = element.value;
      else delete it.displayUnit;
    })));
  }
  if (kind === "Property") {
    box.append(field("Writable", checkbox(content.writable === true), set((it, element) => { it.writable = element.checked; })));
  }
  if (kind === "Command") {
    box.append(field("Waits for offline devices", checkbox(content.durable === true), set((it, element) => {
      if (element.checked) it.durable = true;
      else delete it.durable;
    })));
  }
  box.append(button("Remove", () => change((_template, contents) => contents.splice(number, 1)), true));
  return box;
}

function show() {
  const template = read();
  if (!template) {
    const said = document.createElement("p");
    said.className = "quiet";
    said.textContent = "The form comes back when the JSON beside it can be read.";
    side.replaceChildren(said);
    return;
  }
  const model = template.capabilityModel ?? {};
  const contents = Array.isArray(model.contents) ? model.contents : [];
  side.replaceChildren(
    field("Name of the template", input(text(template.displayName)), (element) => change((it) => { it.displayName = element.value; })),
    field("Model", input(model["@id"] ?? ""), (element) => change((it) => { it.capabilityModel["@id"] = element.value; })),
    ...contents.map(row),
    button("Add a capability", () => change((_template, all) => {
      all.push({ "@type": "Telemetry", name: `value${all.length + 1}`, displayName: `Value ${all.length + 1}`, schema: "double" });
    })),
  );
}

json.addEventListener("input", show);
show();
