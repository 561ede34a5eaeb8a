// ratchet-eval COMMAND: scores the product's own code on evaluation data. Prints one JSON object.
//   replies --cases FILE [--table]
//   recipes --root DIR --out DIR     applies "remember results" to every function that allows it
// Exit codes: 0 done, 1 the data cannot be read, 2 usage.

#include <CLI/CLI.hpp>

#include "tests/eval/commands.h"

int main(int argc, char** argv) {
  CLI::App app{"Scores Ratchet's own code on evaluation data"};
  app.require_subcommand(1);
  ratchet::eval::Options options;
  auto* replies = app.add_subcommand("replies", "the reply parser on cases of model replies");
  replies->add_option("--cases", options.cases, "file in the layout of parser_cases.json")
      ->required();
  replies->add_flag("--table", options.table, "also a table for people, on standard error");
  auto* recipes = app.add_subcommand("recipes", "apply the recipe wherever its preconditions hold");
  recipes->add_option("--root", options.root, "folder with Python sources")->required();
  recipes->add_option("--out", options.out, "where changed files are written; omit to only count");
  CLI11_PARSE(app, argc, argv);
  return replies->parsed() ? ratchet::eval::Replies(options) : ratchet::eval::Recipes(options);
}
