# Each kind of DMS resource that a fleet has, and each of the provider's data sources for them. Applied, planned and
# destroyed by tests/proved/test_terraform_cycle.py with the real provider, against the local cloud.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

provider "aws" {
  s3_use_path_style = true
  default_tags { tags = { fleet = "terraform" } }
}

locals {
  trust_dms = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = ["dms.amazonaws.com", "dms.eu-central-1.amazonaws.com"] }
    }]
  })
  all_tables = jsonencode({
    rules = [{
      rule-type      = "selection"
      rule-id        = "1"
      rule-name      = "all"
      rule-action    = "include"
      object-locator = { schema-name = "public", table-name = "%" }
    }]
  })
}

resource "aws_iam_role" "vpc" {
  name               = "dms-vpc-role"
  assume_role_policy = local.trust_dms
}

resource "aws_iam_role" "endpoint" {
  name               = "shop-s3"
  path               = "/fleet/endpoint/"
  assume_role_policy = local.trust_dms
}

resource "aws_iam_role_policy" "endpoint" {
  name = "may"
  role = aws_iam_role.endpoint.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:PutObject", "s3:DeleteObject", "s3:PutObjectTagging"], Resource = "${aws_s3_bucket.landing.arn}/shop/*" },
      { Effect = "Allow", Action = "s3:ListBucket", Resource = aws_s3_bucket.landing.arn },
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = aws_secretsmanager_secret.shop.arn },
    ]
  })
}

resource "aws_s3_bucket" "landing" {
  bucket = "terraform-landing"
}

resource "aws_secretsmanager_secret" "shop" {
  name                    = "terraform/shop"
  recovery_window_in_days = 0
}

resource "aws_vpc" "here" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "zone" {
  for_each          = { "eu-central-1a" = "10.0.1.0/24", "eu-central-1b" = "10.0.2.0/24" }
  vpc_id            = aws_vpc.here.id
  availability_zone = each.key
  cidr_block        = each.value
}

resource "aws_sns_topic" "events" {
  name = "terraform-dms"
}

resource "aws_dms_replication_subnet_group" "here" {
  replication_subnet_group_id          = "terraform"
  replication_subnet_group_description = "two zones"
  subnet_ids                           = [for one in aws_subnet.zone : one.id]
  depends_on                           = [aws_iam_role.vpc]
}

resource "aws_dms_replication_instance" "one" {
  replication_instance_id      = "terraform-one"
  replication_instance_class   = "dms.t3.medium"
  allocated_storage            = 50
  apply_immediately            = true
  auto_minor_version_upgrade   = false
  multi_az                     = false
  preferred_maintenance_window = "sun:10:00-sun:14:00"
  publicly_accessible          = false
  replication_subnet_group_id  = aws_dms_replication_subnet_group.here.id
}

resource "aws_dms_endpoint" "source" {
  endpoint_id                     = "terraform-shop-source"
  endpoint_type                   = "source"
  engine_name                     = "postgres"
  database_name                   = "shop"
  secrets_manager_access_role_arn = aws_iam_role.endpoint.arn
  secrets_manager_arn             = aws_secretsmanager_secret.shop.arn
  ssl_mode                        = "require"
  extra_connection_attributes     = "executeTimeout=120"
}

resource "aws_dms_s3_endpoint" "target" {
  endpoint_id                                 = "terraform-shop-target"
  endpoint_type                               = "target"
  bucket_name                                 = aws_s3_bucket.landing.id
  bucket_folder                               = "shop/full/none/000000"
  data_format                                 = "parquet"
  compression_type                            = "GZIP"
  include_op_for_full_load                    = true
  timestamp_column_name                       = "_fleet_at"
  service_access_role_arn                     = aws_iam_role.endpoint.arn
  use_task_start_time_for_full_load_timestamp = true
  lifecycle {
    ignore_changes = [bucket_folder]
  }
}

resource "aws_dms_replication_task" "full" {
  replication_task_id      = "terraform-shop-full"
  migration_type           = "full-load"
  replication_instance_arn = aws_dms_replication_instance.one.replication_instance_arn
  source_endpoint_arn      = aws_dms_endpoint.source.endpoint_arn
  target_endpoint_arn      = aws_dms_s3_endpoint.target.endpoint_arn
  table_mappings           = local.all_tables
  replication_task_settings = jsonencode({
    FullLoadSettings = { TargetTablePrepMode = "DO_NOTHING", MaxFullLoadSubTasks = 4 }
    Logging          = { EnableLogging = true }
  })
  tags = { database = "shop" }
}

resource "aws_dms_event_subscription" "tasks" {
  name             = "terraform-tasks"
  enabled          = true
  event_categories = ["failure", "state change"]
  source_type      = "replication-task"
  source_ids       = [aws_dms_replication_task.full.replication_task_id]
  sns_topic_arn    = aws_sns_topic.events.arn
}

data "aws_dms_replication_subnet_group" "here" {
  replication_subnet_group_id = aws_dms_replication_subnet_group.here.id
}

data "aws_dms_replication_instance" "one" {
  replication_instance_id = aws_dms_replication_instance.one.replication_instance_id
}

data "aws_dms_endpoint" "target" {
  endpoint_id = aws_dms_s3_endpoint.target.endpoint_id
}

data "aws_dms_replication_task" "full" {
  replication_task_id = aws_dms_replication_task.full.replication_task_id
}

output "read" {
  value = {
    instance_status = data.aws_dms_replication_instance.one.replication_instance_class
    task            = data.aws_dms_replication_task.full.replication_task_arn
    target          = data.aws_dms_endpoint.target.endpoint_arn
    vpc             = data.aws_dms_replication_subnet_group.here.vpc_id
  }
}
