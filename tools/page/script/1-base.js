// SPDX-License-Identifier: MIT
// The page's data, numbers as the tools write them, and elements. All text gets into the page by
// textContent; nothing here makes markup out of a string.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const names = data.names;

// "1.5 KiB", or "1536" for a page made with --bytes.
function size(bytes) {
  const exact = bytes.toString();
  if (data.exact) return exact;
  if (bytes < 1024) return exact + " B";
  const units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  let k = 0;
  for (bytes /= 1024; bytes >= 1023.95 && k + 1 < units.length; k++) bytes /= 1024;
  return bytes.toFixed(1) + " " + units[k];
}

// "1,234,567"
function count(n) {
  return n.toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

function plural(n, word) {
  return count(n) + " " + word + (n === 1 ? "" : "s");
}

// "37.5%"
function percent(part, whole) {
  return whole > 0 ? (100 * part / whole).toFixed(1) + "%" : "-";
}

// An element with attributes and children: elements, or texts.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {}))
    if (value !== null && value !== undefined) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

function button(text, action, attributes) {
  const element = make("button", { type: "button", ...attributes }, text);
  element.addEventListener("click", action);
  return element;
}

// The number of a colour, the same for the same name.
function colour(text) {
  let hash = 7;
  for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) >>> 0;
  return hash % 12;
}

// Moves to an element, and says where by focus and a mark that fades.
function goTo(element) {
  element.scrollIntoView({ block: "center" });
  if (!element.hasAttribute("tabindex") && element.tabIndex < 0)
    element.setAttribute("tabindex", "-1");
  element.focus({ preventScroll: true });
  element.classList.remove("found");
  void element.offsetWidth; // begins the animation anew
  element.classList.add("found");
}
