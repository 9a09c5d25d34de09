// Chat templates as models carry them, and what of Jinja is refused.
#include <catch2/catch.hpp>

#include <string>

#include "workloads/forge/chat_template.h"

namespace slmrig::forge {
namespace {

ChatValues hello() { return {{{"user", "hi "}}, "<s>", "</s>", true}; }

std::string rendered(std::string_view source, const ChatValues& values = hello()) {
  const auto text = render_chat(source, values);
  return text ? *text : "error: " + text.error().text();
}

bool is_refused(std::string_view source, const std::string& why) {
  const auto text = render_chat(source, hello());
  INFO(source);
  REQUIRE_FALSE(text);
  INFO(text.error().text());
  return text.error().text().find(why) != std::string::npos;
}

TEST_CASE("ChatML as SmolLM and Qwen 2 write it") {
  const std::string source =
      "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
      "{{ '<|im_start|>system\\nYou are a helpful assistant<|im_end|>\\n' }}{% endif %}"
      "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
  CHECK(rendered(source) ==
        "<|im_start|>system\nYou are a helpful assistant<|im_end|>\n<|im_start|>user\nhi <|im_end|>\n"
        "<|im_start|>assistant\n");
  ChatValues values = hello();
  values.messages = {{"system", "be brief"}, {"user", "a"}, {"assistant", "b"}, {"user", "c"}};
  values.add_generation_prompt = false;
  CHECK(rendered(source, values) ==
        "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\na<|im_end|>\n"
        "<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n");
}

TEST_CASE("Gemma's turns, which refuse a system's message") {
  const std::string source =
      "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
      "{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}"
      "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
      "{{ raise_exception('Roles must alternate') }}{% endif %}{% if (message['role'] == 'assistant') %}"
      "{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}"
      "{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}"
      "{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}";
  CHECK(rendered(source) == "<s><start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\n");
  ChatValues values = hello();
  values.messages.push_back({"assistant", "hm"});
  values.messages.push_back({"user", "so?"});
  CHECK(rendered(source, values).find("<start_of_turn>model\nhm<end_of_turn>") != std::string::npos);
  values.messages[0].role = "system";
  CHECK(rendered(source, values).find("System role not supported") != std::string::npos);
}

TEST_CASE("Llama's and TinyLlama's lines, with white space that is no output") {
  CHECK(rendered(
            "{% for message in messages %}\n{% if message['role'] == 'user' %}\n"
            "{{ '<|user|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n"
            "{{ 'no' }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n"
            "{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}") == "<|user|>\nhi </s>\n<|assistant|>\n");
  CHECK(rendered("{%- if messages[0].role == 'system' -%}\n  x\n{%- else -%}\n  {#- a comment #}"
                 "  [INST] {{- ' ' ~ messages[-1].content.strip() }} [/INST]\n{%- endif -%}\n") ==
        "  [INST] hi [/INST]");
  CHECK(rendered("  {% set x = 3 %}\n{{ x * 2 + 1 }}{{ messages | length }}{{ nothing }}") == "71");
}

TEST_CASE("Operators, tests and slices") {
  ChatValues values = hello();
  values.messages = {{"system", "s"}, {"user", "u"}, {"assistant", "a"}};
  CHECK(rendered("{{ 'a' if messages[0]['role'] == 'user' else 'b' }}", values) == "b");
  CHECK(rendered("{% for m in messages[1:] %}{{ loop.index }}{{ m.content }}{% endfor %}", values) == "1u2a");
  CHECK(rendered("{% for m in messages[:-1] %}{{ m.content }}{% endfor %}", values) == "su");
  CHECK(rendered("{{ tools is defined }} {{ tools is not defined and bos_token is string }}") ==
        "False True");
  CHECK(rendered("{{ 'ys' in 'system' }} {{ 'x' not in 'system' }} {{ not 1 > 2 }}") == "True True True");
  CHECK(rendered("{{ (1 - 3) % 4 }}{{ -1 }}{{ none }}{{ 'a' ~ 1 }}") == "2-1Nonea1");
  CHECK(rendered("{% if tools or false %}no{% elif messages %}yes{% else %}no{% endif %}") == "yes");
  // What a loop sets ends with it.
  CHECK(rendered("{% set x = 1 %}{% for m in messages %}{% set x = 2 %}{% endfor %}{{ x }}") == "1");
}

TEST_CASE(
    "Beyond the part that is understood, a template is refused by name, but only where it is executed") {
  CHECK(is_refused("a\n{% macro f() %}{% endmacro %}", "line 2: the tag `macro`"));
  CHECK(is_refused("{{ messages | tojson }}", "`| tojson`"));
  CHECK(is_refused("{% set ns = namespace(found=false) %}", "`namespace()`"));
  CHECK(is_refused("{% set a.b = 1 %}", "`set a.b = 1`"));
  CHECK(is_refused("{{ 'a'.upper() }}", "`.upper()`"));
  CHECK(is_refused("{{ 1 + 'a' }}", "number + string"));
  CHECK(is_refused("{{ 'a }}", "a string without an end"));
  CHECK(is_refused("{% for k, v in messages %}{% endfor %}", "`for k, v in messages`"));
  CHECK(is_refused("{% if true %}", "without its end"));
  CHECK(is_refused("{{ a ", "without its end"));
  CHECK(is_refused("{{ " + std::string(1000, '(') + " }}", "so many parentheses"));
  CHECK(is_refused("{{ " + std::string(1000, '-') + "1 }}", "so many signs"));
  CHECK(rendered("{% if tools %}{{ tools | tojson }}{% endif %}ok") == "ok");
}

}  // namespace
}  // namespace slmrig::forge
