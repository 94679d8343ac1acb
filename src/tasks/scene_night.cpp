#include "tasks/scene_night.h"

#include <mutex>
#include <string>

#include "formats/text_map_json.h"

namespace polis {

std::shared_ptr<const Night> night_of_scene(Reader& reader) {
  // A memory of the last scene: what is returned depends on the document alone.
  static std::mutex mutex;
  static std::string last_text;
  static std::shared_ptr<const Night> last;
  const Artifact document = reader.open("scene");
  const auto& text = document.as<std::string>();
  const std::lock_guard lock(mutex);
  if (last == nullptr || text != last_text) {
    last = std::make_shared<const Night>(
        make_night(scene_from_text(text_map_from_json(text, "the scene"))));
    last_text = text;
  }
  return last;
}

}  // namespace polis
