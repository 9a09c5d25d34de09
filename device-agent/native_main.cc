// The native agent: the agent core on a Linux port, with whatever engine is linked in.
#include "device-agent/core/agent.h"

int main(int argc, char** argv) { return slmrig::agent::run_agent(argc, argv); }
