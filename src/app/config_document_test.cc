#include "app/config_document.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace ratchet {
namespace {

TEST(ConfigDocumentTest, ThePageIsWhatTheDeclarationsSay) {
  std::ifstream file(RATCHET_DOCS_DIR "/configuration.md");
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_TRUE(page.str() == ConfigDocument())
      << "run: ratchet config document > docs/configuration.md";
}

TEST(ConfigDocumentTest, TheModelsSettingsAndTheComponentsAreInIt) {
  const std::string page = ConfigDocument();
  for (const char* line :
       {"### `[generation.openai]`\n", "### `[[component]]`\n", "### `[component.reload]`\n",
        "### `[tenants.NAME]`\n", "| `interval` (`IMPROVEMENT_CYCLE_INTERVAL_HOURS`) | `\"1d\"` |",
        "| `root` | required |"})
    EXPECT_TRUE(page.contains(line)) << line;
}

}  // namespace
}  // namespace ratchet
