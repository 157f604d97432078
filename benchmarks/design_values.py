"""How long does it take to judge and value 200 tests? 20 regions, 10 channels, 104 weeks, a plan for the next year.

The panel is a world of the library whose five channels are there twice. One model is fitted and a plan made; what is
timed is all that ``mmm.design_tests`` does after that: the search for regions, what the model expects of each test, its
value by weights on draws, and the schedule.
"""

import argparse
import json
import time
from dataclasses import replace

from information_study import learned, planned

from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.experiments.settings import DesignSettings
from mmm.simulate import data_settings, library_world, simulate
from mmm.workflow.desk import worked

DESIGN = DesignSettings(
    kinds=("go_dark", "heavy_up"), lengths=("3 weeks", "4 weeks", "6 weeks"), shares=(0.2, 0.4), kept=2, draws=2000
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=300)
    options = parser.parse_args()
    world = library_world("well_specified", replicate=0)
    twice = world.channels + tuple(replace(channel, name=f"{channel.name}_too") for channel in world.channels)
    regions = tuple(f"region_{i:02d}" for i in range(20))
    simulated = simulate(replace(world, channels=twice, geos=regions, weeks=104))
    dataset = from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))
    fit = learned(dataset, options.draws)
    plan = planned(fit)
    began, processor = time.perf_counter(), time.process_time()
    made = worked(dataset, plan, DESIGN)
    print(
        json.dumps(
            {
                "regions": len(dataset.geos),
                "channels": len(dataset.channels),
                "tests": len(made.tests),
                "seconds": round(time.perf_counter() - began, 1),
                "processor_seconds": round(time.process_time() - processor, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
