"""Score the columns of a Hugging Face data set, and put the segment scores beside the rows they belong to."""

import datasets

import geneval

rows = datasets.Dataset.from_dict(
    {
        "id": ["dog", "rain"],
        "question": ["What does the dog do?", "How is the weather?"],
        "references": [["It runs across the lawn.", "It is running."], ["It rains.", "It is raining.", "Rainy."]],
        "answer": ["The dog runs across the lawn.", "It's raining."],
    }
)

result = geneval.score(
    predictions=rows["answer"],
    references=rows["references"],
    sources=rows["question"],
    ids=rows["id"],
    scorers=["rouge(kind='L')", "token_f1"],
    k=2,  # both items have two references or more: their scores can be compared
)
for score in result:
    print(f"{score.scorer} at {score.k} references: {score.score:.3f} [{score.low:.3f}, {score.high:.3f}]")
    print(f"  {score.signature}")

wide = result.to_pandas().pivot_table(index="id", columns="scorer", values="score")
for name in wide.columns:
    rows = rows.add_column(name, [wide.loc[id_, name] for id_ in rows["id"]])
print(rows.to_pandas()[["id", "answer", *wide.columns]])
