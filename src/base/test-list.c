/* SPDX-License-Identifier: Apache-2.0 */

#include "base/cleanup.h"
#include "base/list.h"
#include "tests/lib/unit.h"

typedef struct Item {
	int value;
	TAILQ_ENTRY(Item) in_queue;
	LIST_ENTRY(Item) in_list;
} Item;

TAILQ_HEAD(ItemQueue, Item);
LIST_HEAD(ItemList, Item);

static Item *item_new(int value)
{
	Item *item = calloc(1, sizeof(*item));

	ASSERT_NOT_NULL(item);
	item->value = value;
	return item;
}

TEST(queue_elements_may_go_while_walking)
{
	struct ItemQueue queue = TAILQ_HEAD_INITIALIZER(queue);
	Item *item, *next;
	int expected = 0;

	for (int i = 0; i < 5; i++) {
		item = item_new(i);
		TAILQ_INSERT_TAIL(&queue, item, in_queue);
	}
	TAILQ_FOREACH_SAFE (item, &queue, in_queue, next) {
		ASSERT_EQ(item->value, expected++);
		TAILQ_REMOVE(&queue, item, in_queue);
		free(item);
	}
	ASSERT_EQ(expected, 5);
	ASSERT_TRUE(TAILQ_EMPTY(&queue));
}

TEST(list_elements_may_go_while_walking)
{
	struct ItemList list = LIST_HEAD_INITIALIZER(list);
	Item *item, *next;
	int expected = 5;

	for (int i = 0; i < 5; i++) {
		item = item_new(i);
		LIST_INSERT_HEAD(&list, item, in_list);
	}
	LIST_FOREACH_SAFE(item, &list, in_list, next)
	{
		ASSERT_EQ(item->value, --expected);
		LIST_REMOVE(item, in_list);
		free(item);
	}
	ASSERT_EQ(expected, 0);
	ASSERT_TRUE(LIST_EMPTY(&list));
}
