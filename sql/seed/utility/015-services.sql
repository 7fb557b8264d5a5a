-- Services and modules a utility may switch on; all off to begin with, units chosen when a service is activated.

insert into utility_service (utility_id, code, name, kind, metered, sort) values
  (@utility_id, 'WA', 'Water', 'water', 1, 1), (@utility_id, 'GA', 'Gas', 'gas', 1, 2), (@utility_id, 'EL', 'Electricity', 'electricity', 1, 3), (@utility_id, 'WW', 'Waste Water', 'wastewater', 0, 4),
  (@utility_id, 'HT', 'Thermal/Heat', 'heat', 1, 5), (@utility_id, 'MG', 'Micro-grid', 'micro_grid', 1, 6), (@utility_id, 'BB', 'Broadband', 'broadband', 0, 7), (@utility_id, 'PT', 'Property Tax', 'property_tax', 0, 8),
  (@utility_id, 'EV', 'EV', 'ev', 1, 9), (@utility_id, 'WS', 'Waste', 'waste', 0, 10), (@utility_id, 'HW', 'Hot Water', 'hot_water', 1, 11)
on duplicate key update utility_service.id = utility_service.id;

insert into module_activation (utility_id, module) values
  (@utility_id, 'cis'), (@utility_id, 'cc'), (@utility_id, 'comm'), (@utility_id, 'portal'), (@utility_id, 'mx'), (@utility_id, 'bx'), (@utility_id, 'wx'), (@utility_id, 'hub')
on duplicate key update module_activation.id = module_activation.id;
