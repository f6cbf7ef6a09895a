# Embeds sql/queries/*.sql and sql/migrations/*.sql (and roles.sql) as C text: build/sql/queries.h and .c hold one
# drmgmt__q_NAME a query; build/sql/migrations.c the migrations in order.
file(GLOB DRMGMT_QUERIES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/queries/*.sql)
file(GLOB DRMGMT_MIGRATIONS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/migrations/*.sql)
list(SORT DRMGMT_QUERIES)
list(SORT DRMGMT_MIGRATIONS)
set(DRMGMT_SQL_DIR ${CMAKE_BINARY_DIR}/sql)
add_custom_command(
  OUTPUT ${DRMGMT_SQL_DIR}/queries.h ${DRMGMT_SQL_DIR}/queries.c ${DRMGMT_SQL_DIR}/migrations.c
  COMMAND ${CMAKE_COMMAND} -DOUT=${DRMGMT_SQL_DIR} "-DQUERIES=${DRMGMT_QUERIES}" "-DMIGRATIONS=${DRMGMT_MIGRATIONS}"
          -DROLES=${CMAKE_SOURCE_DIR}/sql/roles.sql -P ${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake
  DEPENDS ${DRMGMT_QUERIES} ${DRMGMT_MIGRATIONS} ${CMAKE_SOURCE_DIR}/sql/roles.sql
          ${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake
  COMMENT "Embedding SQL" VERBATIM)
