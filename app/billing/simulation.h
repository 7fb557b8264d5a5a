/*
 * Simulations of a billed period with other tariff versions (BX02US01), within app/billing: pages below
 * /bx/dashboard/simulations and the job bill_simulation.run.
 */
#ifndef APP_BILLING_SIMULATION_H
#define APP_BILLING_SIMULATION_H

#include "app/billing/pages.h"

void    simulation_list   (Req *r);
void    simulation_new    (Req *r);
void    simulation_create (Req *r);
void    simulation_page   (Req *r);
void    simulation_results(Req *r);
/* A chunk of accounts a step; {"simulation": id}. Begins anew without a cursor. */
JobStep simulation_job(Ctx *c, const JobRow *job);
/* Its job will not be tried again: the simulation is failed and its owner told. */
void    simulation_died(Ctx *c, const char *payload, const char *error);

#endif
