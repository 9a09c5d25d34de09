// The program of every agent: the core on the port and with the engine that are linked in.
#include "device-agent/core/agent.h"

int main(int argc, char** argv) { return slmrig::agent::run_agent(argc, argv); }
