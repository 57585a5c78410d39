// Applies the problem matcher of a task in .vscode/tasks.json to lines, as Visual Studio Code does.
//
//   node tests/problem_matcher.js <task> < lines     prints "begins", "ends" and one "file:line: code message" per problem
const fs = require("fs");
const tasks = JSON.parse(fs.readFileSync(`${__dirname}/../.vscode/tasks.json`, "utf8")).tasks;
const {pattern, background = {}} = tasks.find((task) => task.label === process.argv[2]).problemMatcher;
const matches = (expression, line) => expression !== undefined && new RegExp(expression).exec(line);
const lines = fs.readFileSync(0, "utf8").split("\n");

lines.forEach((line, i) => {
  if (matches(background.beginsPattern, line)) console.log("begins");
  if (matches(background.endsPattern, line)) console.log("ends");
  const problem = {};  // the first pattern matches this line, the second one the next line
  const whole = pattern.every(({regexp, ...groups}, k) => {
    const found = matches(regexp, lines[i + k] ?? "");
    for (const name in groups) if (found) problem[name] = found[groups[name]];
    return found;
  });
  if (whole) console.log(`${problem.file}:${problem.line}: ${problem.code} ${problem.message}`);
});
